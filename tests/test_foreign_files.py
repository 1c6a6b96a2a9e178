"""Files that others made, or that were damaged: each input that once ended in somebody else's exception is one `TextclipError`, or is
read. The inputs are the smallest that a fuzzer found for each reader, exception and place; `tools/drills/fuzz.py` looks for more.
"""
import importlib, importlib.util, io, json, re, struct, subprocess, sys, threading, time, warnings, zlib
from pathlib import Path
import numpy as np, pyarrow as pa, pyarrow.parquet as pq, pytest, safetensors.torch as st, torch
from packaging.requirements import Requirement
from textclip.core.basics import TextclipError
from textclip.core.journal import Journal
from textclip.core.display import markdown_cell
from textclip.types.classifier import LinearClassifier, load_classifier
from textclip.types.features import Features
from textclip.types.report import Report, Row
from textclip.types.task import Task

ROOT = Path(__file__).resolve().parent.parent
CLASSES = ['cat', 'dog']
DEEP = '[' * 100_000

@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield

def refused(f):
    "The error of a call that has to end in one"
    with pytest.raises(TextclipError) as e: f()
    assert e.value.what and e.value.fix
    return str(e.value)

def read_or_refused(f):
    try: return f()
    except TextclipError as e: assert e.what


# A classifier's folder

HEADER = '{"weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]}}'
GOOD = dict(format=2, type='LinearClassifier', config=dict(logit_scale=1.), info=dict(classes=CLASSES, method='ZeroShot', encoder='lite'))
CLASSIFIERS = [0, None, [], {}, dict(a=1), dict(GOOD, type=None), dict(GOOD, type='textclip..x'), dict(GOOD, type='os.system'),
    dict(GOOD, config=None), dict(GOOD, config=[]), dict(GOOD, config=dict(weight=1)), dict(GOOD, config=dict(logit_scale='=1+1')),
    dict(GOOD, config=dict(logit_scale=['a'])), dict(GOOD, config=dict(logit_scale=10**400)), dict(GOOD, config=dict(logit_scale=10**309)),
    dict(GOOD, info=5), dict(GOOD, info=' '), dict(GOOD, info=-1), dict(GOOD, info='%s'), dict(GOOD, info={}),
    dict(GOOD, info=dict(classes=False)), dict(GOOD, info=dict(classes='-1')), dict(GOOD, info=dict(classes=[1, 2])),
    dict(GOOD, info=dict(classes=['a', 'b', 'c'])), dict(GOOD, info=dict(classes=CLASSES, encoder=5)), {k: v for k,v in GOOD.items() if k!='config'}]

def tensors_file(header, data=bytes(32)):
    content = header.encode()
    return struct.pack('<Q', len(content)) + content + data

@pytest.mark.parametrize('said', CLASSIFIERS, ids=lambda o: json.dumps(o)[:60])
def test_classifier_json(said, tmp_path):
    (tmp_path/'classifier.json').write_text(json.dumps(said))
    (tmp_path/'classifier.safetensors').write_bytes(tensors_file(HEADER))
    refused(lambda: load_classifier(tmp_path))

TENSORS = [b'', b'@\0\0', tensors_file('{}'), tensors_file('[]'), tensors_file(HEADER, b''), b'\xff'*8 + b'x',
    tensors_file('{"bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8)),
    tensors_file('{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8)),
    tensors_file('{"weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"bias":{"dtype":"F32","shape":[5],"data_offsets":[32,52]}}',
        bytes(52)), tensors_file('{"weight":{"dtype":"F32","shape":[99999999,99999999],"data_offsets":[0,32]}}'),
    tensors_file('{"weight":' + DEEP)]

@pytest.mark.parametrize('number', range(len(TENSORS)))
def test_classifier_tensors(number, tmp_path):
    (tmp_path/'classifier.json').write_text(json.dumps(GOOD))
    (tmp_path/'classifier.safetensors').write_bytes(TENSORS[number])
    refused(lambda: load_classifier(tmp_path))

def test_a_newer_classifier_is_read_with_a_word(tmp_path):
    LinearClassifier(torch.ones(2, 4), GOOD['info']).save(tmp_path)
    said = json.loads((tmp_path/'classifier.json').read_text())
    (tmp_path/'classifier.json').write_text(json.dumps(said | dict(signature='later')))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter('always')
        assert load_classifier(tmp_path).classes==CLASSES
    assert any('signature' in str(w.message) for w in told)


# Reports, tables, manifests

ROWS = [5, [], {}, 'é', {'a': {'b': [1]}}, dict(method='m'), dict(method='m', regime='t', ci95='a\ud83d'),
    dict(method='m', regime='t', ci95=[.4]), dict(method='m', regime='t', ci95=[{}, .6]), dict(method='m', regime='t', accuracy='high'),
    dict(method='m', regime='t', std_over_seeds='0'), dict(method='m', regime='t', seconds='{0}'), dict(method='m', regime='t', seconds=[None]),
    dict(method='m', regime='t', p_vs_a='b'), dict(method='m', regime='t', metric_H=[])]

@pytest.mark.parametrize('row', ROWS, ids=lambda o: json.dumps(o)[:60])
def test_report_rows(row, tmp_path):
    from textclip.benchmark.table import Benchmark
    whole = dict(task='t', encoder='e', llm='l', n=5, rows=[row], manifest={})
    (tmp_path/'report.json').write_text(json.dumps(whole))
    assert 'report.json' in refused(lambda: Report.load(tmp_path/'report.json'))
    (tmp_path/'rows.json').write_text(json.dumps([row]))
    (tmp_path/'manifest.json').write_text('{}')
    assert 'rows.json' in refused(lambda: Benchmark.load(tmp_path))

REPORTS = [DEEP, '1', '{}', '[]', '', '{"task": "t"}', '{"task": 5, "encoder": "e", "llm": "l", "n": 5, "rows": []}',
    '{"task": "t", "encoder": "e", "llm": "l", "n": "a\\nb", "rows": []}', '{"task": "t", "encoder": "e", "llm": "l", "n": 5, "rows": 7}']

@pytest.mark.parametrize('number', range(len(REPORTS)))
def test_reports(number, tmp_path):
    (tmp_path/'report.json').write_text(REPORTS[number])
    assert 'report.json' in refused(lambda: Report.load(tmp_path/'report.json'))

JSON_READERS = {
    'names.json': lambda p: importlib.import_module('textclip.data.load').load_task(p),
    'list.json': lambda p: importlib.import_module('textclip.data.split_files').read_list(p),
    't.jsonl': lambda p: importlib.import_module('textclip.data.tables').table_task(p),
    'texts.json': lambda p: importlib.import_module('textclip.sampling.recorded_texts').read_texts(p, Task('pets', CLASSES)),
    'texts.jsonl': lambda p: importlib.import_module('textclip.sampling.recorded_texts').read_texts(p, Task('pets', CLASSES)),
    'm.json': lambda p: importlib.import_module('textclip.synthesis.support_sets').read_support(p, Task('pets', CLASSES)),
    'support.jsonl': lambda p: importlib.import_module('textclip.synthesis.support_sets').read_support(p, Task('pets', CLASSES)),
    'config.json': lambda p: importlib.import_module('textclip.encoders.model_files').check_model_file(p)}
TEXTS = [DEEP, '{"a":'*50_000, '[' + '9'*5000 + ']', '', '{"a"', '\0', '["cat"', '['*90 + ']'*90]

@pytest.mark.parametrize('number', range(len(TEXTS)))
@pytest.mark.parametrize('name', JSON_READERS)
def test_json_that_nobody_means(name, number, tmp_path):
    (tmp_path/name).write_text(TEXTS[number])
    refused(lambda: JSON_READERS[name](tmp_path/name))

@pytest.mark.parametrize('name', [n for n in JSON_READERS if n!='config.json'])
def test_json_of_other_kinds(name, tmp_path):
    for text in ('5', 'null', '"x"', '[5]', '{}', '[{}]', '[[]]', 'NaN', '{"a": {"a": {"a": 1}}}', '{"train": [["a", -Infinity, "cat"]]}',
        '{"_impath": 18446744073709551616, "_label": 0, "_classname": "cat"}', '{"file": "' + 'x'*3000 + '", "class": "cat"}'):
        (tmp_path/name).write_text(text)
        read_or_refused(lambda: JSON_READERS[name](tmp_path/name))

def test_half_of_a_surrogate_pair(tmp_path):
    (tmp_path/'n.json').write_text(r'["\ud800", "dog"]')
    task = JSON_READERS['names.json'](tmp_path/'n.json')
    assert json.dumps(task.to_dict(), ensure_ascii=False).encode()
    j = Journal(tmp_path/'j.jsonl')
    j.add('k', text='\ud800')
    assert Journal(tmp_path/'j.jsonl').get('k')

def test_lines_that_are_no_records(tmp_path):
    (tmp_path/'j.jsonl').write_text(f'5\n{{}}\n[]\n{DEEP}\n' + '{"key": "a", "n": 1}\n')
    assert len(Journal(tmp_path/'j.jsonl'))==1

def test_batch_requests(tmp_path):
    from textclip.sampling.llms.batch import BatchLLM
    from textclip.sampling.llms.protocol import chat_prompt
    (tmp_path/'requests-1.jsonl').write_bytes(b'd\n\x96\n0\n{}\n{"custom_id": [1], "body": {}}\n' + DEEP.encode())
    refused(lambda: list(BatchLLM(tmp_path, 'm').answer([chat_prompt('Describe a cat.')], [1])))


# Arrays

ARRAYS = [dict(x=np.zeros((2,2), 'datetime64[D]')), dict(x=np.ones((6,4), bool)), dict(x=np.float64(1)), dict(x=np.ones((2,2)), y=np.float64(1)),
    dict(x=np.ones((2,2)), y=np.array([b'\xff', b'a'])), dict(x=np.ones((2,2)), classnames=np.array('cat')), dict(x=np.ones((2,2)), y=[2**40, 1]),
    dict(x=np.ones((2,2)), y=[np.inf, 1]), dict(x=np.ones((2,2)), ids=np.array('a'))]

@pytest.mark.parametrize('number', range(len(ARRAYS)))
def test_arrays_of_other_kinds(number, tmp_path):
    from textclip.features.feature_files import load_features
    np.savez(tmp_path/'a.npz', **ARRAYS[number])
    refused(lambda: load_features(tmp_path/'a.npz'))

def test_features_of_other_kinds(tmp_path):
    from textclip.features.feature_files import load_features
    Features(torch.ones(2, 3), ids=['a', 'b'], meta=dict(encoder='e')).save(tmp_path/'saved')
    for text in ('1', '[]', '{"meta": 0}', '{"ids": 0, "meta": {}}', DEEP, '', '{"ids": ["a"], "meta": {}}'):
        (tmp_path/'saved'/'features.json').write_text(text)
        refused(lambda: load_features(tmp_path/'saved'))
    st.save_file(dict(x=torch.ones(6, 4).to(torch.float8_e4m3fn)), tmp_path/'a.safetensors')
    read_or_refused(lambda: load_features(tmp_path/'a.safetensors', dtype=None))
    st.save_file(dict(x=torch.ones(6, 4), y=torch.zeros(6, dtype=torch.bfloat16)), tmp_path/'a.safetensors')
    assert load_features(tmp_path/'a.safetensors').y.tolist()==[0]*6

def parquet(path, columns, notes=None):
    table = pa.table(columns)
    pq.write_table(table if notes is None else table.replace_schema_metadata({b'huggingface': notes, b'textclip': notes}), path)

@pytest.mark.parametrize('notes', [b'[]', b'{', b'\xff', b'5', DEEP.encode(), b'{"info": {"features": {"label": {"names": 5}}}}',
    b'{"info": {"features": {"label": {"names": [1, 2]}}}}', b'{"info": {"features": []}}'], ids=lambda o: repr(o)[:30])
def test_notes_of_a_parquet_file(notes, tmp_path):
    from textclip.data.tables import table_task
    from textclip.features.feature_files import load_features
    parquet(tmp_path/'f.parquet', dict(x=[[1., 2.], [3., 4.]], label=[0, 1]), notes)
    assert load_features(tmp_path/'f.parquet').y.tolist()==[0, 1]
    parquet(tmp_path/'t.parquet', dict(path=['a.png', 'b.png'], label=CLASSES), notes)
    read_or_refused(lambda: table_task(tmp_path/'t.parquet'))

@pytest.mark.parametrize('reader', ['features', 'table', 'texts'])
def test_a_damaged_parquet_file(reader, tmp_path):
    from textclip.data.tables import table_task
    from textclip.features.feature_files import load_features
    from textclip.sampling.recorded_texts import read_texts
    columns = dict(features=dict(x=[[1., 2.], [3., 4.]], label=[0, 1]), table=dict(path=['a.png', 'b.png'], label=CLASSES),
        texts={'class': CLASSES, 'text': ['a cat', 'a dog']})[reader]
    read = dict(features=load_features, table=table_task, texts=lambda p: read_texts(p, Task('pets', CLASSES)))[reader]
    path = tmp_path/'t.parquet'
    pq.write_table(pa.table(columns), path, use_dictionary=False, compression='none')
    whole = path.read_bytes()
    for at in range(4, len(whole), max(1, len(whole)//60)):
        path.with_name('new').write_bytes(whole[:at] + bytes([whole[at]^255]*3) + whole[at+3:])
        path.with_name('new').replace(path)
        read_or_refused(lambda: read(path))


# Tables: labels that would fill the memory, values that a spreadsheet would run

@pytest.mark.parametrize('label', [99999999999, 2**31, 10**400, float('inf'), 1e300], ids=lambda o: str(o)[:12])
def test_labels_that_are_no_class_number(label, tmp_path):
    from textclip.data.tables import table_task
    lines = [json.dumps(dict(path='a', label=0, classname='cat')), json.dumps(dict(path='b', label=label, classname='dog'))]
    (tmp_path/'t.jsonl').write_text('\n'.join(lines))
    refused(lambda: table_task(tmp_path/'t.jsonl'))

@pytest.mark.parametrize('name', ['=cmd|x', '+1', '-rm', '@SUM(A1)'])
def test_no_written_table_holds_a_formula(name, tmp_path):
    from textclip.data.images import ImageSplit
    from textclip.data.tables import table_task, write_table
    split = ImageSplit([tmp_path/'a.png', tmp_path/'b.png'], [0, 1])
    if name=='+1': assert write_table(split, tmp_path/'n.csv', [name, 'cat']).exists()          # a number is no program
    else: assert 'formulas' in refused(lambda: write_table(split, tmp_path/'t.csv', [name, 'cat']))
    assert table_task(write_table(split, tmp_path/'t.jsonl', [name, 'cat'])).classes==[name, 'cat']

def test_names_in_markdown_and_html():
    odd = '<img src=x onerror=alert(1)>|[a](b)'
    report = Report('t', 'e', None, 1, [Row(odd, 'names', .5)])
    assert '<img' not in report.table() and '<img' not in report._repr_html_()
    assert '<' not in markdown_cell(odd) and '\\|' in markdown_cell(odd)


# Templates, packages, models

@pytest.mark.parametrize('template', ['{} {', '{!r}{}', '{}{x}', '{0}', '}', '', 5, None])
def test_templates(template):
    from textclip.sampling.texts import check_templates
    refused(lambda: check_templates([template]))

def test_a_pickle_in_place_of_weights(tmp_path):
    from textclip.encoders.model_files import weight_errors
    with pytest.raises(TextclipError), weight_errors('local-dir:x'): torch.load(io.BytesIO(b'\x80\x04cos\nsystem\n.'), weights_only=True)

def test_a_folder_does_not_decide_what_is_fetched(tmp_path):
    from textclip.pipeline import load_pipeline
    LinearClassifier(torch.ones(2, 4), GOOD['info'] | dict(encoder='hf:nobody/nothing')).save(tmp_path)
    assert 'hf download nobody/nothing' in refused(lambda: load_pipeline(tmp_path))


# Plots of names with dollar signs

def test_dollar_signs_in_plots(tmp_path):
    import matplotlib
    matplotlib.use('Agg')
    from textclip.evaluation import evaluate
    from textclip.evaluation.plots import plot_confusion, plot_per_class_gain, plot_report
    names = ['$x^$', '$1 $2_', r'a\$b$']
    made = LinearClassifier(torch.eye(3), dict(classes=names, method='$m_{$', encoder='e'))
    found = evaluate(made, Features(torch.randn(30, 3), y=torch.arange(30)%3))
    report = Report('$t^$', 'e', None, 30, [Row('$m_{$', 'names', .5, (.4, .6)), Row('b', 'text', .6, (.5, .7))])
    for draw in (lambda: plot_confusion(found), lambda: plot_per_class_gain(found, found), lambda: plot_report(report)):
        draw().figure.savefig(tmp_path/'a.png')


# Memory

def deep_png(side, colour):
    "An empty PNG with 16 bits a channel"
    channels = {0: 1, 2: 3, 6: 4}[colour]
    rows = zlib.compress((b'\0' + bytes(side*channels*2))*side, 1)
    def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind+data))
    head = struct.pack('>IIBBBBB', side, side, 16, colour, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', rows) + chunk(b'IEND', b'')

PEAK = """
import sys
from pathlib import Path
from textclip.data.images import load_image
def at(field): return int(next(l for l in Path('/proc/self/status').read_text().splitlines() if l.startswith(field)).split()[1])*1024
load_image(Path(sys.argv[1]).with_name('small.png'))
before = at('VmRSS')
load_image(Path(sys.argv[1]))
print(at('VmHWM')-before)
"""

@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='memory is counted on Linux')
@pytest.mark.parametrize('colour', [0, 2, 6])
def test_deep_images_take_twelve_bytes_a_pixel(colour, tmp_path):
    (tmp_path/'a.png').write_bytes(deep_png(3000, colour))
    (tmp_path/'small.png').write_bytes(deep_png(300, colour))
    done = subprocess.run([sys.executable, '-c', PEAK, str(tmp_path/'a.png')], capture_output=True, text=True, cwd=ROOT, check=True)
    assert int(done.stdout)<=12*3000*3000 + 20_000_000

def test_only_so_many_pixels_are_decoded_at_a_time():
    from textclip.data.images import Room
    room,inside,most = Room(10),[0],[0]
    def one():
        with room.taken(4):
            inside[0] += 4
            most[0] = max(most[0], inside[0])
            time.sleep(.01)
            inside[0] -= 4
    threads = [threading.Thread(target=one) for _ in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert most[0]<=8 and room.free==10


# Versions with known holes

HOLES = {'torch': '2.6', 'pillow': '11.3', 'pyarrow': '14.0.1', 'jinja2': '3.1.6', 'transformers': '4.53', 'tqdm': '4.66.3', 'numpy': '1.22',
    'scikit-learn': '1.5', 'pip': '23.3', 'filelock': '3.20.1'}   # package -> the first version without the holes we know of

@pytest.mark.parametrize('package', HOLES)
def test_lower_bounds_are_free_of_known_holes(package):
    from packaging.version import Version
    text = '\n'.join(l for l in (ROOT/'settings.ini').read_text().splitlines() if not l.startswith('#'))
    found = [Requirement(o) for o in re.findall(rf'(?<![\w-]){package}[<>=][^\s]*', text)]
    assert found
    for r in found:
        lowest = [Version(s.version) for s in r.specifier if s.operator in ('>=', '==')]
        assert lowest and min(lowest)>=Version(HOLES[package]), r
