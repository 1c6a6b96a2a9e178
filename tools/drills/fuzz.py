"""Mutated files for every reader and odd words for the command line: a result, a `TextclipError`, or an exit status of 0, 1 or 2.

    python tools/drills/fuzz.py --seconds 900 --inputs 50000 --seed 1

Each reader gets a folder of good files, of which one is changed at a time: bytes, values of JSON, cells, lines, arrays, notes. Readers
run one after another in processes of their own, so that a crash is counted too. Writes nbs/results/drills/fuzz.json.
"""
import argparse, contextlib, csv, io, json, multiprocessing, os, platform, resource, signal, struct, sys, tempfile, time
import traceback, warnings, zipfile
from datetime import date
from pathlib import Path
import datasets, hypothesis, numpy as np, torch
import hypothesis.strategies as st
import pyarrow as pa, pyarrow.parquet as pq
import safetensors.torch
from hypothesis import HealthCheck, Phase
from PIL import Image
from textclip.core.assets import Asset, unpack_asset
from textclip.core.basics import TextclipError, installed_version, textclip_commit, write_json
from textclip.types.task import Task

ROOT = Path(__file__).resolve().parent.parent.parent
CLASSES = ['cat', 'dog']
ODD_VALUES = [None, True, -1, 2**31, 2**63, 10**30, 10**400, 1e308, float('inf'), float('-inf'), float('nan'), .5, '', ' ', 'cat',
    '=1+1', '{} {', '{0}', '$x$', '\0', '\ud800', 'é', '../../etc/passwd', '/etc/passwd', 'a'*300, '[' * 3000, [], {}, [[]], [None]]
ODD_FILES = [b'', b'\0', b'{}', b'[]', b'5', b'null', b'"x"', b'NaN', b'1e999', b'9'*5000, b'['*100_000, b'{"a":'*50_000,
    b'\xff\xfe\x00', b'\xef\xbb\xbf', b'\xff'*64, b'PK\x03\x04', b'PAR1PAR1', b'\x93NUMPY\x01\x00', b'a,b\n1,2,3\n', b'"open', b'\r\r\n',
    b'%!PS-Adobe-3.0 EPSF-3.0\n', b'<svg/>', b'version https://git-lfs.github.com/spec/v1\n', b'[' + b'['*90 + b']'*90 + b']']


# How a file is changed

scalars = st.one_of(st.sampled_from(ODD_VALUES), st.integers(), st.floats(), st.text(max_size=6))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6)
share = st.floats(0, .99999)
edits = st.lists(st.tuples(share, st.sampled_from(('set', 'cut', 'insert', 'drop', 'double')), st.binary(min_size=1, max_size=9)),
    min_size=1, max_size=4)
changes = st.one_of(st.tuples(st.just('bytes'), edits), st.tuples(st.just('value'), st.lists(st.tuples(share, values), min_size=1,
    max_size=3)), st.tuples(st.just('value'), st.lists(st.tuples(share, values), min_size=1, max_size=1)),
    st.tuples(st.just('whole'), st.sampled_from(ODD_FILES)), st.tuples(st.just('json'), values))

def edit_bytes(content, edits):
    for where, how, new in edits:
        at = int(where*max(len(content), 1))
        if how=='set': content = content[:at] + new + content[at+len(new):]
        elif how=='cut': content = content[:at]
        elif how=='insert': content = content[:at] + new + content[at:]
        elif how=='drop': content = content[:at] + content[at+len(new):]
        else: content = content[:at] + content[at:at+64]*2 + content[at+64:]
    return content

def places(value, found=None):
    "(container, key) of everything within a JSON value"
    found = [] if found is None else found
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for k in list(keys):
        found.append((value, k))
        places(value[k], found)
    return found

def edit_json(value, edits):
    "A JSON value with some of its values, or keys, replaced"
    for where, new in edits:
        all_places = places(value)
        if not all_places: return new
        inside,key = all_places[int(where*len(all_places))]
        if new is None and isinstance(inside, dict): del inside[key]
        elif isinstance(new, str) and isinstance(inside, dict) and len(new)==6: inside[new] = inside.pop(key)
        else: inside[key] = new
    return value

def dumped(value): return json.dumps(value).encode()

def edit_lines(content, edits, change):
    lines = content.split(b'\n')
    for where, new in edits:
        i = int(where*len(lines))
        lines[i] = change(lines[i], where, new)
    return b'\n'.join(lines)

def edit_values(name, content, edits):
    "The values of a file, replaced by its kind; bytes where it has none"
    ending = name.rsplit('.', 1)[-1].lower()
    if ending=='json': return dumped(edit_json(json.loads(content), edits))
    if ending=='jsonl':
        return edit_lines(content, edits, lambda l, where, new: dumped(edit_json(json.loads(l or b'{}'), [(where*7%1, new)])))
    if ending=='safetensors':
        n = struct.unpack('<Q', content[:8])[0]
        header = dumped(edit_json(json.loads(content[8:8+n]), edits))
        return struct.pack('<Q', len(header)) + header + content[8+n:]
    if ending in ('csv', 'tsv', 'txt'):
        sep = {'csv': b',', 'tsv': b'\t'}.get(ending, b' ')
        def cell(line, where, new):
            cells = line.split(sep)
            cells[int(where*97)%len(cells)] = new.encode('utf-8', 'surrogatepass') if isinstance(new, str) else dumped(new)
            return sep.join(cells)
        return edit_lines(content, edits, cell)
    if ending=='parquet': return edit_parquet(content, edits)
    if ending=='npz': return edit_npz(content, edits)
    return edit_bytes(content, [(where, 'set', repr(new).encode('utf-8', 'replace')[:9] or b'0') for where, new in edits])

def edit_parquet(content, edits):
    table = pq.read_table(io.BytesIO(content))
    for where, new in edits:
        i = int(where*(table.num_columns+1))
        try:
            if i==table.num_columns: table = table.replace_schema_metadata({b'huggingface': dumped(new), b'textclip': dumped(new)})
            else: table = table.set_column(i, table.column_names[i], pa.array([new]*table.num_rows))
        except (pa.ArrowException, ValueError, TypeError, OverflowError): continue
    out = io.BytesIO()
    try: pq.write_table(table, out)
    except (pa.ArrowException, ValueError): return content[:len(content)//2]
    return out.getvalue()

def edit_npz(content, edits):
    with np.load(io.BytesIO(content), allow_pickle=True) as z: arrays = dict(z)
    for where, new in edits:
        key = list(arrays)[int(where*len(arrays))]
        try: arrays[key] = np.array(new)
        except (ValueError, TypeError, OverflowError): arrays.pop(key)
        if not arrays: break
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()

def changed(name, content, change):
    how,what = change
    if how=='bytes': return edit_bytes(content, what)
    if how=='whole': return what
    if how=='json': return dumped(what)
    return edit_values(name, content, what)


# Readers: what makes a folder of good files, and what reads it

def picture(k=0, side=6, kind='PNG', mode='RGB'):
    pixels = np.random.default_rng(k).integers(0, 255, (side, side, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()

def write(folder, **files):
    "Files from their contents; '__' in a name stands for the point"
    for name,content in files.items():
        path = folder/name.replace('__', '.')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

def the_task(): return Task('pets', CLASSES)

def look_at(task):
    "Every split and image of a task"
    from textclip.data.images import read_images
    for name in list(task.splits):
        split = task.split(name)
        read_images(split.paths, workers=1, **split.reading)

READERS = {}
def reader(*parts):
    "Register a reader: `make` writes good files into a folder, the function reads them; only files with these endings are changed"
    make,*endings = parts
    def add(f):
        READERS[f.__name__.replace('_', ' ')] = make,f,tuple(endings)
        return f
    return add

def images(d): write(d, **{'a__png': picture(1), 'b__png': picture(2)})

def classifier(d):
    from textclip.types.classifier import LinearClassifier
    info = dict(classes=CLASSES, method='ZeroShot', encoder='colour', fingerprint='f', hyperparameters=dict(eps=.1),
        reading=dict(square=False, upright=True), temperature=2.)
    LinearClassifier(torch.randn(2, 4), info, bias=torch.zeros(2), logit_scale=3.).save(d)

@reader(classifier)
def classifier_folder(d):
    from textclip.types.classifier import load_classifier
    from textclip.types.features import Features
    found = load_classifier(d)
    repr(found), found._repr_html_(), found.predict_proba(Features(torch.randn(3, found.dim)))

def features_folder(d):
    from textclip.types.features import Features
    Features(torch.randn(4, 3), y=torch.tensor([0,1,1,0]), ids=list('abcd'), meta=dict(encoder='e', classes=CLASSES)).save(d)

@reader(features_folder)
def features_of_a_folder(d):
    from textclip.features.feature_files import load_features
    repr(load_features(d))

def feature_arrays(d):
    x,y = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32),np.arange(6)%2
    np.savez(d/'a.npz', x=x, y=y, classnames=np.array(CLASSES), ids=np.array(list('abcdef')))
    np.savez_compressed(d/'b.npz', x=x, label=np.array(CLASSES*3))
    np.save(d/'c.npy', x)
    safetensors.torch.save_file(dict(x=torch.tensor(x), y=torch.tensor(y)), d/'d.safetensors')
    lists = pa.array(x.tolist(), pa.list_(pa.float32()))
    table = pa.table(dict(x=lists, label=pa.array(y), path=list('abcdef')))
    names = dict(info=dict(features=dict(label=dict(names=CLASSES, _type='ClassLabel'))))
    pq.write_table(table.replace_schema_metadata({b'huggingface': dumped(names), b'textclip': b'{"logit_scale": 50}'}), d/'e.parquet')

@reader(feature_arrays)
def feature_files(d):
    from textclip.features.feature_files import load_features
    for path in d.iterdir(): load_features(path)

@reader(feature_arrays, '.npz')
def feature_sets(d):
    from textclip.features.feature_suite import load_feature_sets
    load_feature_sets(d)

def retrieval(d):
    from textclip.features.feature_files import write_clip_retrieval
    from textclip.types.features import Features
    write_clip_retrieval(Features(torch.randn(5, 3), y=torch.tensor([0,1,1,0,1]), ids=list('abcde')), d, 3, classes=CLASSES)

@reader(retrieval)
def clip_retrieval_folders(d):
    from textclip.features.feature_files import load_features
    load_features(d)

def tables(d):
    images(d)
    rows = [('a.png', 'cat', 'train'), ('b.png', 'dog', 'test')]
    text = lambda sep: '\n'.join(sep.join(r) for r in [('path', 'label', 'split'), *rows])
    write(d, **{'t__csv': text(','), 't__tsv': text('\t'),
        't__jsonl': '\n'.join(json.dumps(dict(zip(('path', 'label', 'split'), r))) for r in rows),
        'n__jsonl': '\n'.join(json.dumps(dict(path=r[0], label=k, classname=r[1])) for k,r in enumerate(rows)),
        'm__jsonl': '\n'.join(json.dumps(dict(path=r[0], labels=[r[1]], unknown_labels=[])) for r in rows),
        'w__csv': 'path,cat,dog\na.png,1,0\nb.png,0,1\n'})
    pq.write_table(pa.table(dict(path=[r[0] for r in rows], label=[0, 1], classname=[r[1] for r in rows])), d/'p.parquet')
    inside = [dict(bytes=picture(k), path=f'{k}.png') for k in range(4)]
    pq.write_table(pa.table(dict(image=inside, label=CLASSES*2)), d/'i.parquet', row_group_size=2)

@reader(tables, '.csv', '.tsv', '.jsonl', '.parquet')
def image_tables(d):
    from textclip.data.tables import table_task
    for path in d.iterdir():
        if path.suffix!='.png': look_at(table_task(path))

def class_folders(d):
    for c in CLASSES: write(d, **{f'{c}/1__png': picture(1)})
    write(d, **{'classnames__json': json.dumps({c: c.title() for c in CLASSES})})

@reader(class_folders)
def folders_of_images(d):
    from textclip.data.folders import folder_task
    look_at(folder_task(d))

def name_files(d):
    write(d, **{'n__txt': '# names\ncat\ndog\n', 'n__json': '["cat", "dog"]'})

@reader(name_files)
def files_of_names(d):
    from textclip.data.load import load_task
    for path in d.iterdir(): repr(load_task(path))

def samples(d):
    from textclip.data.tar_files import write_tar
    files = [('a.png', picture(1)), ('a.json', b'{"label": "cat", "caption": "a cat"}'), ('b.png', picture(2)),
        ('b.json', b'{"label": "dog", "caption": ["a dog"]}')]
    write_tar(d/'s.tar', files)

@reader(samples)
def tar_archives(d):
    from textclip.data.tar_files import tar_samples
    from textclip.data.webdatasets import webdataset_task
    for s in tar_samples(d/'s.tar'): s.captions
    look_at(webdataset_task(d/'s.tar'))

def shards(d):
    from textclip.data.images import ImageSplit
    from textclip.data.webdatasets import write_webdataset
    images(d.parent)
    write_webdataset(ImageSplit([d.parent/'a.png', d.parent/'b.png'], [0, 1]), d, CLASSES, shard=1)

@reader(shards)
def webdataset_folders(d):
    from textclip.data.load import load_task
    look_at(load_task(d))

def lists(d):
    from textclip.data.images import ImageSplit
    from textclip.data.split_files import list_forms, write_list
    split = ImageSplit([d/'a.png', d/'b.png'], [0, 1], ['cat/a.png', 'dog/b.png'])
    for form in list_forms:
        ending = dict(swat='txt').get(form, 'json' if form=='cross-modal' else 'jsonl')
        write_list(d/f'{form}.{ending}', split, CLASSES, form)

@reader(lists)
def few_shot_lists(d):
    from textclip.data.images import ImageSplit
    from textclip.data.split_files import read_listed
    split = ImageSplit([d/'a.png', d/'b.png'], [0, 1], ['cat/a.png', 'dog/b.png'])
    for path in d.iterdir(): read_listed(path, split, CLASSES)

def recorded(d):
    from textclip.sampling.recorded_texts import write_texts
    from textclip.sampling.texts import make_texts
    texts = make_texts([dict(text='a cat on a mat', labels=[0]), dict(text='a dog in the park', labels=[1])])
    write_texts(texts, the_task(), d/'t.parquet')
    write(d, **{'a__json': '{"cat": ["a cat on a mat"], "dog": "a dog in the park"}',
        'b__json': '{"cat": {"What?": ["a cat"]}, "dog": {"What?": ["a dog"]}}', 'c__csv': 'class,text\ncat,a cat\ndog,a dog\n',
        'd__jsonl': '{"class": "cat", "text": "a cat"}\n{"class": "dog", "text": "a dog"}', 'e__txt': 'a photo of a {}.\n{} outside.\n',
        'f__tsv': 'text\tclass\na cat\tcat\na dog\tdog\n'})

@reader(recorded)
def files_of_texts(d):
    from textclip.sampling.recorded_texts import check_texts, read_texts
    for path in d.iterdir():
        read_texts(path, the_task())
        repr(check_texts(path, the_task()))

def templates(d): write(d, t__json='["a photo of a {}.", "{} outside."]')

@reader(templates)
def lists_of_templates(d):
    from textclip.sampling.texts import check_templates, template_texts
    try: found = json.loads((d/'t.json').read_bytes())
    except (ValueError, RecursionError): return
    if isinstance(found, (list, str)): template_texts(the_task(), check_templates(found))

def batch(d):
    from textclip.sampling.llms.batch import BatchLLM
    from textclip.sampling.llms.protocol import chat_prompt
    llm = BatchLLM(d, 'm')
    try: list(llm.answer([chat_prompt('Describe a cat.')], [1]))
    except TextclipError: pass
    key = json.loads(next(d.glob('requests-*.jsonl')).read_text())['custom_id']
    body = dict(model='m', choices=[dict(message=dict(role='assistant', content='A cat.'), finish_reason='stop')],
        usage=dict(prompt_tokens=3, completion_tokens=2))
    result = json.dumps(dict(custom_id=key, response=dict(status_code=200, body=body), error=None))
    write(d, **{'results/r__jsonl': result+'\n'+result})

@reader(batch)
def batch_files(d):
    from textclip.sampling.llms.batch import BatchLLM
    from textclip.sampling.llms.protocol import chat_prompt
    try: list(BatchLLM(d, 'm').answer([chat_prompt('Describe a cat.')], [1]))
    finally:
        for p in d.glob('requests-*2*.jsonl'): p.unlink()

def responses(d):
    body = dict(model='m', choices=[dict(message=dict(role='assistant', content='A cat.'), finish_reason='stop', index=0)],
        usage=dict(prompt_tokens=3, completion_tokens=2))
    parts = dict(model='m', choices=[dict(message=dict(content=[dict(type='text', text='A cat.')]), finish_reason='length')])
    write(d, a__json=json.dumps(body), b__json=json.dumps(parts))

@reader(responses)
def server_responses(d):
    from textclip.sampling.llms.chat_api import NoAnswer, read_answers
    from textclip.sampling.llms.protocol import SamplingParameters
    for path in d.iterdir():
        try: response = json.loads(path.read_bytes())
        except (ValueError, RecursionError): continue
        with contextlib.suppress(NoAnswer): read_answers(response, SamplingParameters())

def answers(d):
    write(d, **{'a__txt': '["A cat sits.", "It has fur."]', 'b__txt': '<think>Hm.</think>\n1. A cat sits on a mat.\n2. It has soft fur.',
        'c__txt': '```json\n{"sentences": ["A cat.", "Fur."]}\n```'})

@reader(answers)
def answers_of_models(d):
    from textclip.sampling.answer_checks import answer_problem
    from textclip.sampling.strategies import known_strategies
    from textclip.sampling.wording import parse_list, parse_sentence
    for path in d.iterdir():
        text = path.read_bytes().decode('utf-8', 'surrogateescape')
        for parse in (parse_sentence, parse_list):
            for found in parse(text): answer_problem(found, 'cat') if isinstance(found, str) else None

def journal(d):
    from textclip.core.journal import Journal
    j = Journal(d/'j.jsonl')
    for k in 'abc': j.add(k, text=f'text {k}', n=1)

@reader(journal, '.jsonl')
def journals(d):
    from textclip.core.journal import Journal
    j = Journal(d/'j.jsonl')
    j.add('new', text='x')
    for p in d.glob('*.unreadable'): p.unlink()

def store(d):
    from textclip.core.basics import Store
    s = Store(d)
    s.put('text', '0'*32, dict(x=torch.randn(3, 4)), dict(n=3))

@reader(store)
def store_entries(d):
    from textclip.core.basics import Store
    Store(d).get('text', '0'*32)

def report(d):
    from textclip.types.report import Report, Row
    rows = [Row('a', 'names', .5, (.4,.6)), Row('b', 'text', .6, (.5,.7), p={'a': .03}, n=5, seeds=3, metrics=dict(H=.6))]
    Report('t', 'e', 'l', 5, rows, dict(date='today')).save(d/'report.json')

@reader(report)
def reports(d):
    from textclip.types.report import Report
    found = Report.load(d/'report.json')
    repr(found), found._repr_html_(), found.save(d/'again.json')
    (d/'again.json').unlink()

def bench(d):
    from textclip.benchmark.table import Benchmark
    from textclip.types.report import Row
    rows = [Row('a', 'names', .5, (.4,.6), n=5, task='pets', encoder='e'), Row('b', 'text', .6, (.5,.7), n=5, task='pets', encoder='e')]
    Benchmark(rows, dict(date='today', versions={}), cells=[dict(method='a'), dict(method='b')]).save(d)

@reader(bench, '.json', '.jsonl')
def benchmark_folders(d):
    from textclip.benchmark.table import Benchmark
    found = Benchmark.load(d)
    repr(found), found._repr_html_()

def generator(d):
    from textclip.synthesis.feature_generator import DirectGenerator
    DirectGenerator(['cat', 'ox'], torch.eye(2), hidden=8, generator_hidden=8).save(d)

@reader(generator)
def generator_folders(d):
    from textclip.synthesis.feature_generator import load_generator
    load_generator(d).sample(['ox'], 2)

def support(d):
    images(d)
    write(d, support__jsonl='{"file": "a.png", "class": "cat", "rank": 0}\n{"file": "b.png", "class": "dog", "score": 0.3}')
    write(d, m__json='[{"file": "a.png", "class": "cat"}, {"file": "b.png", "class": "dog"}]')

@reader(support, '.json', '.jsonl')
def support_manifests(d):
    from textclip.synthesis.support_sets import read_support
    read_support(d, the_task()), read_support(d/'m.json', the_task())

def training_run(d, steps):
    from textclip.training.callbacks import Checkpoints, EarlyStopping
    from textclip.training.trainer import Trainer
    weight = torch.nn.Parameter(torch.zeros(3))
    metric = EarlyStopping(lambda m: 0., every=2)
    return Trainer(weight, lambda w,rows,_: (w-1).square().sum(), 8, steps=steps,
        callbacks=[metric, Checkpoints(d)])

def checkpoint(d): training_run(d, 4).fit()

@reader(checkpoint)
def checkpoints(d):
    whole = (d/'checkpoint.safetensors').read_bytes()
    training_run(d, 4).fit()
    (d/'checkpoint.safetensors').write_bytes(whole)

def pictures(d):
    write(d, **{f'{k}__{e}': picture(k, 24, kind, mode) for k,(e,kind,mode) in enumerate([('png', 'PNG', 'RGB'), ('jpg', 'JPEG', 'RGB'),
        ('gif', 'GIF', 'P'), ('bmp', 'BMP', 'RGB'), ('tif', 'TIFF', 'RGB'), ('webp', 'WEBP', 'RGB'), ('png', 'PNG', 'RGBA'),
        ('ppm', 'PPM', 'RGB'), ('ico', 'ICO', 'RGBA'), ('tga', 'TGA', 'RGB')])})
    Image.fromarray((np.arange(24*24).reshape(24, 24)*100).astype(np.uint16)).save(d/'deep.png')
    Image.fromarray(np.arange(24.*24).reshape(24, 24).astype(np.float32)).save(d/'float.tif')

@reader(pictures)
def image_files(d):
    from textclip.data.images import read_images
    read_images(sorted(d.iterdir()), square=True, workers=1)

def mat(d):
    import scipy.io
    names = np.array([['cat'], ['dog']], dtype=object)
    annotations = np.array([(1, 'a.jpg'), (2, 'b.jpg')], dtype=[('class', object), ('fname', object)])
    scipy.io.savemat(d/'a.mat', dict(labels=np.arange(6.), names=names, annotations=annotations), do_compression=True)
    scipy.io.savemat(d/'b.mat', dict(labels=np.arange(6.), names=names, annotations=annotations))

@reader(mat)
def matlab_files(d):
    from textclip.data.catalogue.mat_files import read_mat
    for path in d.iterdir(): read_mat(path, ['labels', 'names', 'annotations'])

def zhou(d):
    for c,n in (('cat', 'a'), ('dog', 'b')): write(d, **{f'oxford_pets/images/{c}/{n}__png': picture(1)})
    lines = [['cat/a.png', 0, 'cat'], ['dog/b.png', 1, 'dog']]
    write(d, **{'oxford_pets/split_zhou_OxfordPets__json': json.dumps(dict(train=lines, val=[], test=lines))})

@reader(zhou, '.json')
def published_split_files(d):
    from textclip.data.catalogue.check import catalogue_task
    look_at(catalogue_task('oxford_pets', d))

def cub(d):
    base = 'CUB_200_2011/'
    for c,n in (('1.cat', 'a'), ('2.dog', 'b')): write(d, **{f'{base}images/{c}/{n}__png': picture(1)})
    write(d, **{base+'classes__txt': '1 1.cat\n2 2.dog\n', base+'images__txt': '1 1.cat/a.png\n2 2.dog/b.png\n',
        base+'image_class_labels__txt': '1 1\n2 2\n', base+'train_test_split__txt': '1 1\n2 0\n'})

@reader(cub, '.txt')
def published_lists(d):
    from textclip.data.catalogue.check import catalogue_task
    look_at(catalogue_task('cub200', d))

def coco(d):
    from textclip.data.catalogue.multilabel import _coco
    described = dict(categories=[dict(id=i, name=n) for i,n in enumerate(_coco)], images=[dict(id=1, file_name='a.jpg')],
        annotations=[dict(image_id=1, category_id=3, bbox=[0, 0, 9, 9], iscrowd=0)])
    write(d, **{'annotations/instances_train2014__json': json.dumps(described), 'train2014/a__jpg': picture(1, kind='JPEG')})
    write(d, **{'annotations/captions_train2014__json': json.dumps(dict(annotations=[dict(image_id=1, caption='a car')]))})

@reader(coco, '.json')
def coco_annotations(d):
    from textclip.data.catalogue.multilabel import coco2014_task, coco_captions
    look_at(coco2014_task(d)), coco_captions(d)

def voc(d):
    base = 'VOC2007/'
    xml = '<annotation><object><name>cat</name><difficult>0</difficult></object></annotation>'
    write(d, **{base+'ImageSets/Main/train__txt': '000001\n', base+'Annotations/000001__xml': xml,
        base+'JPEGImages/000001__jpg': picture(1, kind='JPEG')})

@reader(voc, '.txt', '.xml')
def voc_annotations(d):
    from textclip.data.catalogue.multilabel import voc2007_task
    look_at(voc2007_task(d))

def model(d):
    safetensors.torch.save_file(dict(w=torch.ones(4)), d/'model-1.safetensors')
    write(d, **{'model__safetensors__index__json': '{"metadata": {}, "weight_map": {"w": "model-1.safetensors"}}',
        'config__json': '{"model_type": "clip", "vision_config": {}}'})

@reader(model)
def model_folders(d):
    from textclip.encoders.load import load_encoder
    from textclip.encoders.model_files import check_model_file, weights_in
    check_model_file(d/'config.json'), weights_in(d, ['model.safetensors.index.json'])
    with contextlib.suppress(TextclipError): load_encoder(f'local-dir:{d}')

PACKAGE = Asset('hello', 'pypi', 'pkg', '1', 'pkg/data', '', 1, '', '', {'a.txt': '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'})

def packages(d):
    import tarfile
    with zipfile.ZipFile(d/'a.whl', 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('pkg/data/a.txt', 'hello')
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode='w:xz') as tar:
        info = tarfile.TarInfo('./pkg/data/a.txt')
        info.size = 5
        tar.addfile(info, io.BytesIO(b'hello'))
    member = lambda name,b: f'{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(b):<10}`\n'.encode() + b + b'\n'*(len(b)%2)
    write(d, a__deb=b'!<arch>\n' + member('debian-binary', b'2.0\n') + member('data.tar.xz', inner.getvalue()))

@reader(packages)
def package_files(d):
    with tempfile.TemporaryDirectory() as out:
        for path in d.iterdir(): unpack_asset(PACKAGE, path, Path(out)/path.name)


# The command line

def words_of_commands(d):
    "Command lines that are quick: good ones, which are changed, and files that they read"
    classifier(d/'clf'), report(d), recorded(d), tables(d), name_files(d), bench_folder(d/'table')
    return [['predict', 'a.png', '--classifier', 'clf', '--top', '2'], ['evaluate', '--classifier', 'clf', '--task', 't.csv'],
        ['sample', '--classes', 'n.txt', '--llm', 'template', '--out', 'o.json'], ['sample', '--list'],
        ['sample', '--classes', 'n.json', '--llm', 'file:a.json', '--out', 'o.parquet'], ['bench', '--list'], ['compare', 'table'],
        ['rerun', 'table', '1'], ['data', 'list'], ['data', 'check', 'oxford_pets', '.'], ['store'], ['store', 'clear', 'texts'],
        ['sample', '--classes', 't.csv', '--llm', 'template', '--plan'], ['--version'], ['fit', '--classes', 'n.txt', '--plan']]

def bench_folder(d):
    d.mkdir()
    bench(d)

WORDS = ['', '-', '--', '--top', '-1', '0', '99999999999999999999', 'nan', '1e999', '--help', '--json', '\udcff', 'a\nb', 'é', '$x', '=1',
    '/nowhere', '.', '..', '/etc/passwd', 'n.txt', 'n.json', 't.jsonl', 'i.parquet', 'clf', 'report.json', '{a..b}.tar', 'local-dir:.',
    'hf:', 'batch:', 'batch:x#y', 'file:', 'file:b.json', 'none', 'template', '--threshold', '--task', '--classes', '--out', '--seed']
word_edits = st.lists(st.tuples(share, st.sampled_from(('set', 'insert', 'drop')), st.sampled_from(WORDS) | st.text(max_size=5)), max_size=3)

def edit_words(words, edits):
    words = list(words)
    for where, how, new in edits:
        at = int(where*(len(words)+1))
        if how=='insert': words.insert(at, new)
        elif words: words[min(at, len(words)-1):min(at, len(words)-1)+1] = [new] if how=='set' else []
    return words

def run_command(words):
    "The exit status; what is printed must be no traceback"
    from textclip.cli.commands import main
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try: status = main(words) or 0
        except SystemExit as e: status = e.code or 0
    if status not in (0, 1, 2): raise AssertionError(f'exit status {status}')
    if 'Traceback' in out.getvalue(): raise AssertionError('a traceback is printed')
    if status: raise TextclipError(out.getvalue()[-80:])


# Runs

class Hang(BaseException): "Took longer than a reader may"

def on_alarm(*_): raise Hang

def place_of(error):
    "The last line of textclip in a traceback"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if 'textclip/' in f.filename]
    at = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f'{Path(at.filename).name}:{at.lineno} {at.name}'

class Tally:
    "What became of the inputs of one reader"
    def __init__(self, name): self.row,self.found = dict(reader=name, inputs=0, results=0, errors=0, foreign=0, slowest=0.),{}

    def count(self, work, shown):
        self.row['inputs'] += 1
        begun = time.monotonic()
        signal.alarm(30)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                work()
            self.row['results'] += 1
        except TextclipError: self.row['errors'] += 1
        except (Exception, Hang) as e:
            self.row['foreign'] += 1
            key = f'{type(e).__name__} at {place_of(e)}: {str(e)[:90]}'
            old = self.found.get(key)
            if old is None or len(shown)<len(old): self.found[key] = shown
        finally: signal.alarm(0)
        self.row['slowest'] = round(max(self.row['slowest'], time.monotonic()-begun), 2)

def examples(test, strategy, seed, n):
    "Run a test on n inputs of a strategy"
    quiet = dict(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    hypothesis.seed(seed)(hypothesis.settings(max_examples=n, **quiet)(hypothesis.given(strategy)(test)))()

def fuzz_reader(name, tally, seed, inputs, until):
    make,use,endings = READERS[name]
    with tempfile.TemporaryDirectory() as d:
        folder = Path(d)/'files'
        folder.mkdir()
        make(folder)
        files = sorted(p for p in folder.rglob('*') if p.is_file() and (not endings or p.suffix in endings) and p.name[0]!='.')
        good = {p: p.read_bytes() for p in files}
        def one(drawn):
            if time.monotonic()>until: return
            which,change = drawn
            path = files[int(which*len(files))]
            with contextlib.suppress(ValueError, KeyError, IndexError, OverflowError, RecursionError):
                content = changed(path.name, good[path], change)
                path.write_bytes(content)
                tally.count(lambda: use(folder), f'{path.name}: {content[:300]!r}')
            for p,content in good.items():
                if not p.is_file() or p.stat().st_size!=len(content) or p==path: p.write_bytes(content)
        tally.count(lambda: use(folder), 'the good files')
        if tally.row['errors'] or tally.row['foreign']: tally.found['the good files are not read'] = ''
        rounds(one, st.tuples(share, changes), tally, seed, inputs, until)

def fuzz_commands(tally, seed, inputs, until):
    with tempfile.TemporaryDirectory() as d:
        os.environ.update(TEXTCLIP_HOME=f'{d}/store', HF_HUB_OFFLINE='1', PIP_NO_INDEX='1')
        folder = Path(d)/'files'
        folder.mkdir()
        (folder/'clf').mkdir()
        lines = words_of_commands(folder)
        os.chdir(folder)
        def one(drawn):
            if time.monotonic()>until: return
            which,edits = drawn
            words = edit_words(lines[int(which*len(lines))], edits)
            if set(words) & {'demo', 'get', 'lite', 'smollm2', 'doctor'}: return
            tally.count(lambda: run_command(words), repr(words))
        rounds(one, st.tuples(share, word_edits), tally, seed, inputs, until)

def rounds(one, strategy, tally, seed, inputs, until):
    number = 0
    while tally.row['inputs']<inputs and time.monotonic()<until:
        examples(one, strategy, seed*1000+number, min(250, inputs-tally.row['inputs']+1))
        number += 1

def in_child(name, seed, inputs, seconds, pipe):
    "One reader in a process of its own"
    signal.signal(signal.SIGALRM, on_alarm)
    os.nice(10)
    datasets.disable_progress_bars()
    tally,until = Tally(name),time.monotonic()+seconds
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name=='command line': fuzz_commands(tally, seed, inputs, until)
    else: fuzz_reader(name, tally, seed, inputs, until)
    tally.row['peak_mb'] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss-before)//1024
    pipe.send((tally.row, tally.found))
    pipe.close()

def drill(name, seed, inputs, seconds):
    "(row, signature -> input) of one reader; a process that dies is one foreign end"
    context = multiprocessing.get_context('fork')
    mine,theirs = context.Pipe()
    child = context.Process(target=in_child, args=(name, seed, inputs, seconds, theirs))
    child.start()
    theirs.close()
    try: row,found = mine.recv()
    except EOFError: row,found = dict(reader=name, inputs=0, results=0, errors=0, foreign=1),{'the process died': ''}
    child.join()
    return row,found

def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=900, help='for all readers together')
    parser.add_argument('--inputs', type=int, default=50_000, help='for all readers together')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--readers', default='', help='names with commas between them; all if not given')
    parser.add_argument('--out', default=ROOT/'nbs/results/drills/fuzz.json', help='"" writes nothing')
    args = parser.parse_args()
    names = [o.strip() for o in args.readers.split(',') if o.strip()] or [*READERS, 'command line']
    torch.set_num_threads(1)
    rows,problems,end = [],{},time.monotonic()+args.seconds
    for i,name in enumerate(names):
        left = len(names)-i
        done = sum(r['inputs'] for r in rows)
        row,found = drill(name, args.seed, -(-(args.inputs-done)//left), (end-time.monotonic())/left)
        rows.append(row)
        print(row, flush=True)
        for what,shown in found.items(): print('   !!', what, '| input:', shown[:400], flush=True)
        problems |= {f'{name}: {k}': v for k,v in found.items()}
    total = {k: sum(r[k] for r in rows) for k in ('inputs', 'results', 'errors', 'foreign')}
    print(total)
    if args.out and not args.readers:
        versions = {k: installed_version(k) for k in ('textclip', 'hypothesis', 'numpy', 'pyarrow', 'safetensors', 'pillow', 'torch')}
        write_json(args.out, dict(name='fuzz', command=f'python tools/drills/fuzz.py --seconds {args.seconds:g} --inputs {args.inputs} '
            f'--seed {args.seed}', date=str(date.today()), commit=textclip_commit(), versions=versions,
            python=platform.python_version(), seed=args.seed, total=total, rows=rows, foreign=problems))
    sys.exit(bool(total['foreign']))

if __name__=='__main__': main()
