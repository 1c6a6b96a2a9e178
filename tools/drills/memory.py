"""How much memory and how many open files long work takes: photos of 12 megapixels, deep images, many predictions.

    python tools/drills/memory.py --photos 120,1200 --predictions 200000 --images 2000

Every measurement runs in a process of its own; the peak is what is added to the loaded model (and one answer). `lite` is the encoder
with --encoder lite, a tiny one if not given: the images take the memory. Writes nbs/results/drills/memory.json.
"""
import argparse, io, multiprocessing, os, platform, struct, tempfile, time, warnings, zlib
from datetime import date
from pathlib import Path
import numpy as np, torch
from PIL import Image
from textclip.core.basics import installed_version, textclip_commit, write_json
from textclip.data.images import ImageSplit
from textclip.pipeline import Pipeline
from textclip.types.classifier import LinearClassifier
from textclip.types.features import Features
from textclip.types.task import Task

ROOT = Path(__file__).resolve().parent.parent.parent
CLASSES = ['cat', 'dog', 'owl']

def status(field):
    "Megabytes of this process, as Linux counts them: VmRSS now, VmHWM at the peak"
    lines = Path('/proc/self/status').read_text().splitlines()
    return int(next(l for l in lines if l.startswith(field)).split()[1])//1024

def forget_peak(): Path('/proc/self/clear_refs').write_text('5')
def open_files(): return len(os.listdir('/proc/self/fd'))

def photo(k, width=4000, height=3000):
    "The bytes of a JPEG of 12 megapixels: a coarse picture with noise, as large as a photo"
    rng = np.random.default_rng(k)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(coarse).astype(np.int16) + rng.integers(-9, 10, (height, width, 1))
    buffer = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, 'JPEG', quality=90)
    return buffer.getvalue()

def deep_png(side, colour):
    "An empty PNG with 16 bits a channel, a few hundred kilobytes for many pixels; `colour` is PNG's number of the mode"
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    packed = zlib.compressobj(9)
    rows = b''.join(packed.compress(b'\0' + bytes(side*channels*2)) for _ in range(side)) + packed.flush()
    def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind+data))
    head = struct.pack('>IIBBBBB', side, side, 16, colour, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', rows) + chunk(b'IEND', b'')

class Numbered:
    "A file of its own for every number, made of a few: features are kept by content, and equal files are encoded once"
    def __init__(self, content, i, ending): self.content,self.i,self.name = content,i,f'image-{i:05}.{ending}'
    def read_bytes(self): return self.content + b'%08d' % self.i

def numbered(content, n, ending): return [Numbered(content[i%len(content)], i, ending) for i in range(n)]

def pipeline(encoder):
    "A loaded model that has answered once"
    if encoder=='lite':
        from textclip.encoders.load import load_encoder
        encoder = load_encoder('lite')
    else:
        from textclip.testing.encoders import ColourEncoder
        encoder = ColourEncoder()
    weight = torch.randn(len(CLASSES), encoder.dim, generator=torch.Generator().manual_seed(0))
    pipe = Pipeline(encoder, LinearClassifier(weight, dict(classes=CLASSES, method='drill', encoder=encoder.name)))
    pipe.predict([Image.new('RGB', (300, 300), 'teal')])
    return pipe

# What is measured: each gives the work as a function, after everything is loaded

def predict(folder, n, encoder):
    pipe,paths = pipeline(encoder),numbered([photo(k) for k in range(3)], n, 'jpg')
    return lambda: pipe.predict(paths)

def evaluate(folder, n, encoder):
    from textclip.benchmark.text_methods import evaluate_classifier
    pipe,paths = pipeline(encoder),numbered([photo(k) for k in range(3)], n, 'jpg')
    split = ImageSplit(paths, [i%3 for i in range(n)])
    return lambda: evaluate_classifier(pipe, Task('drill', CLASSES, splits=dict(test=split)), 'test')

def small_images(folder, n, encoder):
    pipe,paths = pipeline(encoder),numbered([photo(k, 640, 480) for k in range(3)], n, 'jpg')
    return lambda: pipe.predict(paths)

def features(folder, n, encoder):
    pipe = pipeline(encoder)
    x = Features(torch.randn(1000, pipe.encoder.dim))
    def work():
        for _ in range(n//1000): pipe.classifier.predict_proba(x).argmax(-1)
    work()
    return work

def deep_images(folder, n, encoder):
    pipe,paths = pipeline(encoder),numbered([deep_png(7990, c) for c in (2, 6, 0, 4)], n, 'png')
    return lambda: pipe.predict(paths)

WORK = {o.__name__.replace('_', ' '): o for o in (predict, evaluate, small_images, features, deep_images)}

def in_child(name, n, encoder, pipe):
    torch.set_num_threads(1)
    os.nice(10)
    with tempfile.TemporaryDirectory() as d:
        os.environ['TEXTCLIP_HOME' if encoder!='lite' else 'TEXTCLIP_DRILL'] = f'{d}/store'
        folder = Path(d)/'files'
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            work = WORK[name](folder, n, encoder)
            loaded,files = status('VmRSS'),open_files()
            forget_peak()
            begun = time.monotonic()
            work()
            seconds = time.monotonic()-begun
    row = dict(work=name, items=n, loaded_mb=loaded, peak_mb=status('VmHWM')-loaded, left_mb=status('VmRSS')-loaded)
    pipe.send(row | dict(open_files=files, open_files_after=open_files(), seconds=round(seconds, 1)))

def measured(name, n, encoder):
    "The row of one measurement"
    context = multiprocessing.get_context('spawn')
    mine,theirs = context.Pipe()
    child = context.Process(target=in_child, args=(name, n, encoder, theirs))
    child.start()
    theirs.close()
    row = mine.recv()
    child.join()
    return row

def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--photos', default='120,1200', help='how many photos of 12 megapixels `predict` and `evaluate` get')
    parser.add_argument('--predictions', type=int, default=200_000, help='on ready features')
    parser.add_argument('--images', type=int, default=2000, help='small ones, for open files')
    parser.add_argument('--deep', type=int, default=4, help='16-bit images of 64 megapixels')
    parser.add_argument('--encoder', default='tiny', choices=['tiny', 'lite'])
    parser.add_argument('--out', default=ROOT/'nbs/results/drills/memory.json', help='"" writes nothing')
    args = parser.parse_args()
    numbers = [int(o) for o in args.photos.split(',') if o]
    todo = [('deep images', args.deep), ('features', args.predictions//10), ('features', args.predictions)]
    todo += [('small images', args.images//10), ('small images', args.images)]
    todo += [(name, n) for n in numbers for name in ('predict', 'evaluate')]
    versions = {k: installed_version(k) for k in ('textclip', 'pillow', 'torch', 'numpy')}
    command = f'python tools/drills/memory.py --photos {args.photos} --predictions {args.predictions} --images {args.images}'
    about = dict(name='memory', command=f'{command} --deep {args.deep} --encoder {args.encoder}', date=str(date.today()),
        commit=textclip_commit(), versions=versions, python=platform.python_version())
    rows = []
    for name,n in todo:
        if not n: continue
        rows.append(measured(name, n, args.encoder))
        print(rows[-1], flush=True)
        if args.out: write_json(args.out, about | dict(rows=rows))       # what is measured is kept when the rest is stopped

if __name__=='__main__': main()
