"Small jobs with stand-ins, one for each thing that textclip keeps: each leaves its result, and counts what it computed"
import json, time
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from textclip.core.basics import Store, digest
from textclip.core.journal import Journal
from textclip.data.images import ImageSplit
from textclip.features.extract import image_features, text_features
from textclip.sampling.asking import Asker
from textclip.sampling.llms.protocol import Answer, Question, SamplingParameters
from textclip.testing.encoders import ColourEncoder
from textclip.training.callbacks import Checkpoints
from textclip.training.optimization import Optimization
from textclip.training.trainer import Batches, Trainer

QUESTIONS,IMAGES,TEXTS,STEPS = 150,160,300,120

def count(folder, n):
    "Note that n things were computed"
    with open(Path(folder)/'counted', 'a') as f: f.write('.'*n)

def counted(folder):
    path = Path(folder)/'counted'
    return path.stat().st_size if path.exists() else 0

def as_json(value):
    "The digest of a result, as JSON"
    return json.dumps(digest(value))

def leave(folder, value):
    "Leave the digest of a result"
    (Path(folder)/'result.json').write_text(as_json(value))

def result(folder):
    path = Path(folder)/'result.json'
    return json.loads(path.read_text()) if path.exists() else None

class Parrot:
    "Answers after a moment, one by one; each answer is paid for"
    name,fingerprint,instructed,exact_tokens = 'parrot','parrot-1',True,False
    def __init__(self, folder): self.folder = folder
    def count_tokens(self, prompt): return 8
    def answer(self, prompts, seeds, parameters):
        for i,(p,s) in enumerate(zip(prompts, seeds)):
            time.sleep(.002)
            count(self.folder, 1)
            yield i,Answer(f'{p} {s}', answer_tokens=6)

def sampling(folder):
    "One answer to each question"
    asker = Asker(Parrot(folder), Journal(folder/'journal'/'a.jsonl'))
    found = asker([Question(f'thing {i}', (0,)) for i in range(QUESTIONS)], 1, SamplingParameters())
    leave(folder, [a.text for row in found for a in row])

class Slow(ColourEncoder):
    "Takes a moment for each batch, and counts"
    batch_size = 8
    def __init__(self, folder): super().__init__(); self.folder = folder
    def encode_image_batch(self, x):
        time.sleep(.02)
        count(self.folder, len(x))
        return super().encode_image_batch(x)
    def encode_text_batch(self, texts):
        time.sleep(.02)
        count(self.folder, len(texts))
        return super().encode_text_batch(texts)

def pictures(folder):
    "Small pictures, each of its own colours"
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(IMAGES):
        if not (path := folder/f'{i:03}.png').exists():
            Image.fromarray(rng.integers(0, 255, (4, 4, 3)).astype('uint8')).save(path)
    return sorted(folder.glob('*.png'))

def images(folder):
    "Features of images, sixteen of them stored together"
    split = ImageSplit(sorted((folder.parent/'pictures').glob('*.png')))
    leave(folder, image_features(split, Slow(folder), Store(folder/'store'), shard=16).x)

def texts(folder):
    "Features of texts, twenty of them stored together"
    words = [f'{a} thing {i}' for i in range(TEXTS//4) for a in ('red', 'green', 'blue', 'yellow')]
    leave(folder, text_features(words, Slow(folder), store=Store(folder/'store'), shard=20).x)

def training(folder):
    "A small network with dropout, from checkpoint to checkpoint"
    torch.manual_seed(0)
    x,y = torch.randn(60, 8),torch.arange(60)%3
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(.2), torch.nn.Linear(16, 3))
    def loss(m, rows, _):
        time.sleep(.002)
        count(folder, 1)
        return F.cross_entropy(m(x[rows]), y[rows])
    t = Trainer(net, loss, Batches(60, 10), Optimization(lr=.01), steps=STEPS,
        callbacks=[Checkpoints(folder/'run', every=5)])
    t.fit()
    leave(folder, torch.cat([p.detach().flatten() for p in net.parameters()]))

def benchmark(folder):
    "A table of two methods and several seeds"
    from textclip.benchmark.runner import run_benchmark
    from textclip.methods.gda import GDA
    from textclip.methods.zeroshot import ZeroShot
    from textclip.testing.data import synthetic_task
    fit = GDA.fit_given
    def fit_given(self, task, given):
        time.sleep(.03)
        count(folder, 1)
        return fit(self, task, given)
    GDA.fit_given = fit_given
    data = synthetic_task()
    methods = {'zero-shot': ZeroShot(), 'gda': GDA()}
    table = run_benchmark(methods, data, ('few-shot',), shots=(1, 2, 4), seeds=(0, 1, 2), out=folder/'out',
        progress=False)
    leave(folder, [[r.method, r.shots, r.accuracy, r.error] for r in table.rows])

JOBS = dict(sampling=sampling, images=images, texts=texts, training=training, benchmark=benchmark)
