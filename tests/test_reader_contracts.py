"""What every reader of images and labels keeps: the same ten images and labels are the same task, whatever they lie in;
damage is one `TextclipError`, and no exception of somebody else. A new reader is one function and one line in `READERS`.
"""
import csv, hashlib, io, json, os, warnings
from pathlib import Path
import datasets, numpy as np, pyarrow as pa, pyarrow.parquet as pq, pytest
from PIL import ExifTags, Image
from textclip.core.basics import TextclipError
from textclip.data.catalogue.check import catalogue_task
from textclip.data.folders import folder_task
from textclip.data.hub_datasets import dataset_task
from textclip.data.images import ImageSplit, load_image, read_images
from textclip.data.load import load_task
from textclip.data.split_files import read_listed, write_list
from textclip.data.tables import table_task, write_table
from textclip.data.tar_files import write_tar
from textclip.data.webdatasets import webdataset_task, write_webdataset
from textclip.types.task import Task

datasets.disable_progress_bars()
CLASSES = ['T-shirt (blue)', 'tabby cat', 'été']
NAMES = ['100%#1.png', "a 'b' c.png", 'UPPER.PNG', 'semi;colon,comma.png', 'ünï—码.png', 'x.y.png', '-dash.png', '7.png',
         '8.png', '9.png']

def picture(k):
    "A PNG file of its own, lying on its side"
    tag,buffer = Image.Exif(),io.BytesIO()
    tag[ExifTags.Base.Orientation] = 1+k%8
    pixels = np.random.default_rng(k).integers(0, 255, (6, 4, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, 'PNG', exif=tag)
    return buffer.getvalue()

def ten_images():
    "(class, name, file) of ten images, in the order of folders"
    rows = [(CLASSES[k%3], name, picture(k)) for k,name in enumerate(NAMES)]
    return sorted(rows, key=lambda r: r[:2])

def in_folders(root, rows):
    "The images in class folders, as a split with relative paths"
    root.mkdir(parents=True, exist_ok=True)
    for c,name,content in rows:
        (root/c).mkdir(parents=True, exist_ok=True)
        (root/c/name).write_bytes(content)
    labels = [CLASSES.index(c) for c,_,_ in rows]
    return ImageSplit([root/c/n for c,n,_ in rows], labels, [f'{c}/{n}' for c,n,_ in rows])

def folders(root, rows):
    root.mkdir(exist_ok=True)
    in_folders(root, rows)
    return lambda: folder_task(root)

def table(ending):
    def made(root, rows):
        write_table(in_folders(root, rows), root/f't{ending}', CLASSES)
        return lambda: table_task(root/f't{ending}')
    return made

def parquet_of_paths(root, rows):
    in_folders(root, rows)
    pq.write_table(pa.table(dict(path=[f'{c}/{n}' for c,n,_ in rows], label=[c for c,_,_ in rows])), root/'t.parquet')
    return lambda: table_task(root/'t.parquet')

def parquet_of_images(root, rows):
    root.mkdir(exist_ok=True)
    images = [dict(bytes=content, path=name) for _,name,content in rows]
    kind = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    columns = dict(image=pa.array(images, kind), label=pa.array([c for c,_,_ in rows], pa.string()))
    pq.write_table(pa.table(columns), root/'t.parquet', row_group_size=4)
    return lambda: table_task(root/'t.parquet')

def wide_table(root, rows):
    in_folders(root, rows)
    with open(root/'t.csv', 'w', newline='', encoding='utf-8') as f:
        lines = [[f'{c}/{n}', *(int(c==o) for o in CLASSES)] for c,n,_ in rows]
        csv.writer(f).writerows([['path', *CLASSES], *lines])
    return lambda: table_task(root/'t.csv')

def hub_dataset(rows):
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=CLASSES))
    images = [dict(bytes=content, path=name) for _,name,content in rows]
    return datasets.Dataset.from_dict(dict(image=images, label=[c for c,_,_ in rows]), features=features)

def saved_dataset(root, rows):
    hub_dataset(rows).save_to_disk(root/'data')
    return lambda: load_task(root/'data')

def dataset_in_memory(root, rows): return lambda: dataset_task(hub_dataset(rows))

def wide_dataset(root, rows):
    data = hub_dataset(rows).remove_columns('label')
    for c in CLASSES: data = data.add_column(c, [c==o for o,_,_ in rows])
    return lambda: dataset_task(data)

def tar_of(ending, text):
    "An archive with the label of each sample in a file of its own"
    def made(root, rows):
        root.mkdir(exist_ok=True)
        pairs = [(f's{i:03}', r) for i,r in enumerate(rows)]
        files = [f for key,(c,_,content) in pairs for f in ((f'{key}.png', content), (f'{key}.{ending}', text(c).encode()))]
        write_tar(root/'images.tar', files)
        return lambda: webdataset_task(root/'images.tar')
    return made

def clip_benchmark(root, rows):
    write_webdataset(in_folders(root/'files', rows), root/'wds', CLASSES, shard=4)
    return lambda: webdataset_task(root/'wds')

def listed(form):
    "A list of another project, drawn from a split without labels"
    def made(root, rows):
        split = in_folders(root, rows)
        write_list(root/'list.txt', split, CLASSES, form)
        bare = ImageSplit(split.paths[::-1], None, split.ids[::-1])
        read = lambda: read_listed(root/'list.txt', bare, CLASSES, names=CLASSES)
        return lambda: Task('listed', CLASSES, splits=dict(train=read))
    return made

def zhou(root, rows):
    in_folders(root/'oxford_pets'/'images', rows)
    lines = [[f'{c}/{n}', CLASSES.index(c), c] for c,n,_ in rows]
    file = root/'oxford_pets'/'split_zhou_OxfordPets.json'
    file.write_text(json.dumps(dict(train=lines, val=[], test=[])), encoding='utf-8')
    return lambda: catalogue_task('oxford_pets', root)

def cub(root, rows):
    base = root/'CUB_200_2011'
    in_folders(base/'images', rows)
    write = lambda name, lines: (base/f'{name}.txt').write_text('\n'.join(lines)+'\n', encoding='utf-8')
    write('classes', [f'{k+1} {c}' for k,c in enumerate(CLASSES)])
    write('images', [f'{i} {c}/{n}' for i,(c,n,_) in enumerate(rows, 1)])
    write('image_class_labels', [f'{i} {CLASSES.index(c)+1}' for i,(c,_,_) in enumerate(rows, 1)])
    write('train_test_split', [f'{i} 1' for i in range(1, len(rows)+1)])
    return lambda: catalogue_task('cub200', root)

READERS = {
    'folders': folders, 'csv': table('.csv'), 'tsv': table('.tsv'), 'jsonl': table('.jsonl'), 'wide csv': wide_table,
    'parquet of paths': parquet_of_paths, 'parquet of images': parquet_of_images, 'saved dataset': saved_dataset,
    'dataset in memory': dataset_in_memory, 'wide dataset': wide_dataset, 'tar with cls': tar_of('cls', str),
    'tar with json': tar_of('json', lambda c: json.dumps(dict(label=c))), 'clip_benchmark': clip_benchmark,
    'list of textclip': listed('textclip'), 'list of cross-modal': listed('cross-modal'), 'list of 2sfs': listed('2sfs'),
    'list of swat': listed('swat'), 'published split file': zhou, 'published lists': cub}
RAW = {'published split file', 'published lists'}    # read as the images lie, as published code does

def digest(image): return hashlib.sha256(image.tobytes()+str(image.size).encode()).hexdigest()

def seen(task):
    "[(digest of the pixels, class name)] of all images that can be read; everything is read"
    out = []
    for name in list(task.splits):
        split = task.split(name)
        images,kept,skipped = read_images(split.paths, **split.reading)
        assert len(kept)+len(skipped)==len(split) and all(isinstance(v, str) for v in skipped.values())
        for i,image in zip(kept, images):
            y = None if split.labels is None else split.labels[i]
            if y is None: names = [None]
            elif y.ndim: names = [task.classes[k] for k in (y==1).nonzero().flatten().tolist()]
            else: names = [task.classes[int(y)]]
            out.append((digest(image), *names))
    return out

def wanted(rows, reader):
    return [(digest(load_image(content, upright=reader not in RAW)), c) for c,_,content in rows]

@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield

@pytest.mark.parametrize('reader', READERS)
def test_same_images_same_task(reader, tmp_path):
    rows = ten_images()
    task = READERS[reader](tmp_path/'d', rows)()
    assert task.classes==CLASSES
    assert seen(task)==wanted(rows, reader)

@pytest.mark.parametrize('reader', READERS)
def test_a_damaged_image_costs_itself_alone(reader, tmp_path):
    rows = ten_images()
    c,name,content = rows[4]
    for bad in (content[:len(content)//2], b'', b'\x89PNG\r\n\x1a\n'+bytes(50), b'%!PS-Adobe-3.0 EPSF-3.0\n'):
        broken = [*rows[:4], (c, name, bad), *rows[5:]]
        folder = tmp_path/f'd{len(bad)}'
        try: task = READERS[reader](folder, broken)()
        except TextclipError: continue                           # an empty file can be no row
        assert seen(task)==wanted(rows[:4]+rows[5:], reader)

@pytest.mark.parametrize('reader', READERS)
def test_empty(reader, tmp_path):
    try: found = seen(READERS[reader](tmp_path/'d', [])())
    except TextclipError: return
    assert found==[]

def damaged(content):
    "What may stand in a file in place of its content"
    middle = len(content)//2
    yield from (b'', content[:middle], content[:-3], bytes(len(content)), b'\xff\xfe\x00', b'[' * 100_000, b'{"a":' * 50_000)
    yield from (b'5', b'null', b'[]', b'{}', b'\x00'*512, content[:middle]+b'\xff'*16+content[middle+16:])
    yield content.replace(b'cat', b'c\xffat')

@pytest.mark.parametrize('reader', READERS)
def test_damage_is_one_error(reader, tmp_path):
    rows = ten_images()
    make = READERS[reader](tmp_path/'d', rows)
    seen(make())
    files = [p for p in tmp_path.rglob('*') if p.is_file() and p.suffix.lower()!='.png']
    for file in files:
        whole = file.read_bytes()
        for content in damaged(whole):
            beside = file.with_name('.new')                      # a new file: Arrow has the old one mapped
            beside.write_bytes(content)
            os.replace(beside, file)
            try: found = seen(make())
            except TextclipError as e: assert e.what and e.fix, e
            else: assert {n for _,*names in found for n in names if n in CLASSES} <= set(CLASSES)
        file.write_bytes(whole)

LABELS = [10**400, 2**31, -7, 99999999999, 1e400, -1e400, float('nan'), 1.5, 1e300, True, None, '', '9'*5000, '\ud800', 'a\0b',
          {'a': 1}, [], [[1]], [None], ['tabby cat', 1], '[1, 0', '[' * 5000]

def strange_tables(root, value):
    "The readers that take a value as it is, each with one strange label beside a good one"
    one = picture(0)
    (root/'a.png').write_bytes(one)
    (root/'b.png').write_bytes(one)
    text = json.dumps(value)
    for column in ('label', 'labels', 'classname'):
        lines = [json.dumps({'path': 'a.png', column: 'tabby cat'}), f'{{"path": "b.png", "{column}": {text}}}']
        (root/f'{column}.jsonl').write_text('\n'.join(lines), encoding='utf-8')
        yield lambda column=column: table_task(root/f'{column}.jsonl')
        yield lambda column=column: table_task(root/f'{column}.jsonl', classes=CLASSES)
        files = [('a.png', one), ('a.json', json.dumps({column: 'tabby cat'}).encode()), ('b.png', one)]
        write_tar(root/f'{column}.tar', [*files, ('b.json', f'{{"{column}": {text}}}'.encode())])
        yield lambda column=column: webdataset_task(root/f'{column}.tar')
    (root/'t.csv').write_text('path,label\na.png,tabby cat\nb.png,"'+str(value).replace('"', '""')+'"\n', 'utf-8', 'replace')
    yield lambda: table_task(root/'t.csv')
    (root/'list.json').write_text(f'{{"train": [["a.png", 0, "tabby cat"], ["b.png", {text}, "été"]]}}', encoding='utf-8')
    split = ImageSplit([root/'a.png', root/'b.png'], [1, 2])
    yield lambda: Task('listed', CLASSES, splits=dict(train=lambda: read_listed(root/'list.json', split, CLASSES)))
    try: column = pa.array([value, value])
    except (pa.ArrowException, ValueError, OverflowError): return
    pq.write_table(pa.table(dict(path=['a.png', 'b.png'], label=column)), root/'t.parquet')
    yield lambda: table_task(root/'t.parquet')
    yield lambda: table_task(root/'t.parquet', classes=CLASSES)

@pytest.mark.parametrize('number', range(len(LABELS)))
def test_strange_labels(number, tmp_path):
    for make in strange_tables(tmp_path, LABELS[number]):
        try: task = make()
        except TextclipError as e: assert e.what, e
        else:
            try: seen(task)
            except TextclipError: pass
