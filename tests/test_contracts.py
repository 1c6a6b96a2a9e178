"""What every method and every classifier promises, tried on all methods of the registry

The methods are found in `known_methods`, so that a new one is tried by being listed there. Each is fitted on a few made-up images, texts and places of a
tiny encoder, with as few steps as its fields allow. What a method cannot promise is named here, with the reason; cases that wait for a change carry its number.
"""
import functools, random, tempfile
from dataclasses import fields, replace
from pathlib import Path
import numpy as np, pytest, torch
from textclip.core.basics import TextclipError, digest
from textclip.types.task import Task
from textclip.types.features import Features
from textclip.types.classifier import LinearClassifier, load_classifier
from textclip.training.encoder_tuning import adapted_features
from textclip.encoders.protocol import encoder_meta
from textclip.features.extract import image_features
from textclip.data.images import ImageSplit
from textclip.testing.data import drawn_shapes, shape_names
from textclip.testing.encoders import tiny_open_clip
from textclip.sampling.texts import make_texts
from textclip.testing.data import toy_multilabel
from textclip.testing.data import place_images
from textclip.methods.registry import class_modules, known_methods

NAMES = ['cat','golden retriever','ox','parrot']
SHORT = dict(steps=3, epochs=1, batch=8, every=2, text_steps=3, prompts=2, n_prompts=2, halvings=0)
DATA = ('texts','templates','train','support','val','unlabeled')

# answers depend on the other images of a batch
TRANSDUCTIVE = {'stata','transclip'}
# the start or the noise of a class is drawn by its position: another order of the classes is another draw
DRAWN_BY_POSITION = {'tai-adapter','tai-adapter-few-shot','comc','tai-dpt'}
# scores of a class depend on which others are asked: the images of a batch, or the places of an image, choose among them
COUPLED = {'stata','transclip','calip'}
# a cache holds images, and of a new class it has none
CACHES = {'tip-adapter','tip-adapter-f','tip-x','sus-x'}
# (check, method) -> number of the change it waits for; '*' for every method
WAITING = {}

@functools.cache
def tower(): return tiny_open_clip()

@functools.cache
def toy():
    "Four classes with images that have places, texts, and another task with several labels"
    t,meta = tower(),encoder_meta(tower())
    train,val,test = [place_images(t, NAMES, 3, seed=i)[0] for i in range(3)]
    def about(*forms): return Features(t.encode_text([f.format(c) for c in NAMES for f in forms]), y=torch.arange(len(NAMES)).repeat_interleave(len(forms)), meta=meta)
    texts = about('a small {}.', 'a big {}.', 'the {} in ink.')
    return dict(task=Task('toy', NAMES), train=train, val=val, test=test, texts=texts, templates=about('a photo of a {}.'), support=train, unlabeled=test)

@functools.cache
def several():
    "A task whose images have several labels"
    task,texts,names,images = toy_multilabel(5, texts=60, images=20)
    return dict(task=task, texts=texts, templates=names, train=images, val=images, test=images)

@functools.cache
def captions():
    "Captions for TaI-DPT, which reads tokens"
    pairs = (('a cat beside an ox',[0,2]), ('a golden retriever',[1]), ('a cat and a golden retriever on the lawn',[0,1]), ('a parrot over an ox',[2,3]))
    test = replace(toy()['test'], y=torch.nn.functional.one_hot(toy()['test'].y, len(NAMES)))
    return dict(task=Task('captions', NAMES, 'multi'), texts=make_texts(dict(text=t, labels=l) for t,l in pairs), test=test)

@functools.cache
def shapes():
    "Pictures in a folder, for methods that train the encoder"
    pictures = drawn_shapes(tempfile.mkdtemp(), 2)
    about = Features(tower().encode_text([f'a {c}' for c in shape_names]), y=torch.arange(len(shape_names)), meta=encoder_meta(tower()))
    return dict(task=Task('shapes', shape_names), train=pictures, unlabeled=ImageSplit(pictures.paths), texts=about, test=image_features(pictures, tower()))

def made(name):
    "The method, with a few steps"
    known = known_methods[name]
    if known.inside: return known.cls(made(known.inside), dict(recipe='ours', steps=3, batch=8, hidden=8, generator_hidden=8))
    have = {f.name for f in fields(known.cls)}
    short = {k: v for k,v in SHORT.items() if k in have and not (k=='epochs' and 'steps' in have)}
    return known.make(**short | (dict(length=3, batch=2) if name=='tai-dpt' else {}))

def data_for(name):
    "What this method is tried on"
    m = made(name)
    if m.trains_encoder: return shapes()
    if name=='tai-dpt': return captions()
    return several() if known_methods[name].several else toy()

def fitted(name, data=None, seed=0, **own):
    "A classifier"
    m,d = made(name),data or data_for(name)
    given = {k: d.get(k) for k in DATA} | own
    encoder = None if d['task'].name=='toy' and known_methods[name].several else tower()
    if known_methods[name].several and m.regime!='few-shot': given['train'] = None     # texts alone
    return m.fit(d['task'], encoder, seed=seed, **m.usable(given))

@functools.cache
def classifier(name): return fitted(name)

def test_of(name): return data_for(name)['test']
test_of.__test__ = False

def scores(clf, features):
    if clf.encoder_delta is not None: features = adapted(digest(*clf.state_dict().values()), clf, features)
    with torch.no_grad(): return clf(features).float()

_adapted = {}
def adapted(key, clf, features):
    "Features of the changed encoder"
    if key not in _adapted: _adapted[key] = adapted_features(clf, tower(), shapes()['train'])
    place = {i: k for k,i in enumerate(features.ids)}
    rows = [i for i,o in enumerate(_adapted[key].ids) if o in place]
    return _adapted[key][rows].to(dtype=features.x.dtype)

def same(a, b, eps=1e-4):
    scale = max(1., b.abs().max().item())
    assert torch.allclose(a, b, atol=eps*scale, rtol=0), (a-b).abs().max()

METHODS = list(known_methods)
def grid(check, skip=()):
    "One case a method; those that wait for a change are marked"
    def case(k):
        why = WAITING.get((check, k)) or WAITING.get((check, '*'))
        return pytest.param(k, marks=pytest.mark.xfail(strict=False, reason=why) if why else ())
    return pytest.mark.parametrize('name', [case(k) for k in METHODS if k not in skip])

@grid('saved')
def test_saved_and_loaded(name):
    clf,images = classifier(name),test_of(name)
    with tempfile.TemporaryDirectory() as d:
        again = load_classifier(clf.save(d))
        assert '.' not in read_type(d)
    if hasattr(again, 'attach'): again.attach(tower())
    assert torch.equal(scores(again, images), scores(clf, images))
    assert again.classes==clf.classes and type(again) is type(clf)

def read_type(folder):
    import json
    return json.loads((Path(folder)/'classifier.json').read_text(encoding='utf-8'))['type']

@grid('order', skip=DRAWN_BY_POSITION)
def test_order_of_the_classes(name):
    d = data_for(name)
    if isinstance(d['train'], ImageSplit) if 'train' in d else False: pytest.skip('the folder gives the order')
    order = list(range(len(d['task'])))[::-1]
    place = torch.tensor(order).argsort()
    def turned(f):
        if not isinstance(f, Features) or f.y is None: return f
        return replace(f, y=f.y[:,order] if f.y.ndim==2 else place[f.y])
    other = {k: turned(v) for k,v in d.items()} | dict(task=replace(d['task'], classes=[d['task'].classes[i] for i in order], splits={}))
    same(scores(fitted(name, other), d['test']), scores(classifier(name), d['test'])[:,order], 2e-3)

@grid('subset', skip=COUPLED)
def test_a_part_of_the_classes_is_the_same_rows(name):
    clf,images = classifier(name),test_of(name)
    some_of_them = [clf.classes[i] for i in (2, 0)]
    part = clf.with_classes(some_of_them)
    assert part.classes==some_of_them
    same(scores(part, images), scores(clf, images)[:,[2,0]], 1e-6)
    if isinstance(clf, LinearClassifier): assert torch.equal(part.weight, clf.weight[[2,0]])

OWN_TEMPLATES = [k for k in METHODS if 'templates' in made(k).arguments and 'texts' not in made(k).needs
    and not made(k).trains_encoder and not known_methods[k].inside and (not known_methods[k].several or made(k).regime=='names')]
@pytest.mark.parametrize('name', [pytest.param(k, marks=pytest.mark.xfail(strict=False, reason=WAITING[('templates', k)]) if ('templates', k) in WAITING else ()) for k in OWN_TEMPLATES
    if k not in COUPLED | CACHES])
def test_templates_are_kept(name):
    d = toy()
    m = made(name)
    given = {k: d.get(k) for k in ('train','val')} | dict(templates=['an old sketch of the {}, in ink.'])
    clf = m.fit(d['task'], tower(), **m.usable(given))
    more = clf.with_classes([*NAMES, 'zebra'], encoder=tower())
    same(scores(more, d['test'])[:,:len(NAMES)], scores(clf, d['test']), 1e-6)

@pytest.mark.parametrize('name', [pytest.param(k, marks=pytest.mark.xfail(strict=False, reason=WAITING[('join', '*')]) if ('join', '*') in WAITING else ())
    for k in METHODS if {'train','support'} & {*made(k).needs} and not known_methods[k].several and not made(k).trains_encoder])
def test_labels_are_joined_by_name(name):
    d = toy()
    place = torch.tensor([3,1,0,2])
    turned = replace(d['train'], y=place[d['train'].y], meta=d['train'].meta | dict(classes=[NAMES[i] for i in place.argsort().tolist()]))
    key = 'support' if 'support' in made(name).needs else 'train'
    try: clf = fitted(name, d | {key: turned})
    except TextclipError: return
    same(scores(clf, d['test']), scores(classifier(name), d['test']), 2e-3)

@grid('batch', skip=TRANSDUCTIVE)
def test_size_of_the_batch(name):
    clf,images = classifier(name),test_of(name)
    same(torch.cat([scores(clf, images[[i]]) for i in range(4)]), scores(clf, images)[:4])

@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
@grid('precision')
def test_precision_of_the_images(name, dtype):
    clf,images = classifier(name),test_of(name)
    found = scores(clf, images.to(dtype=dtype))
    assert found.isfinite().all() and found.shape==(len(images), len(clf.classes))
    if name not in TRANSDUCTIVE and clf.encoder_delta is None: same(found, scores(clf, images.to(dtype=dtype).to(dtype=torch.float32)), 1e-3)

@grid('half')
def test_fitted_on_half_precision(name):
    if made(name).trains_encoder: pytest.skip('reads pictures')
    halved = {k: v.to(dtype=torch.float16) if isinstance(v, Features) else v for k,v in data_for(name).items()}
    clf = fitted(name, halved)
    assert scores(clf, test_of(name)).isfinite().all()

@grid('inputs')
def test_inputs_stay_and_seeds_repeat(name):
    d = data_for(name)
    def copies(): return {k: {n: t.clone() for n,t in v.tensors().items()} for k,v in d.items() if isinstance(v, Features)}
    before = copies()
    weights = {k: v.clone() for k,v in tower().model.state_dict().items()}
    again = fitted(name)
    assert torch.equal(scores(again, d['test']), scores(classifier(name), d['test']))
    for k,parts in copies().items():
        for n,t in parts.items(): assert torch.equal(t, before[k][n]), (k, n)
    for k,v in tower().model.state_dict().items(): assert torch.equal(v, weights[k]), k

@grid('random')
def test_global_random_state_is_left_as_found(name):
    before = torch.get_rng_state(),np.random.get_state()[1].copy(),random.getstate()
    scores(fitted(name, seed=1), test_of(name))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1]==before[1]).all() and random.getstate()==before[2]

@grid('one')
def test_one_class(name):
    d = data_for(name)
    if made(name).trains_encoder: pytest.skip('reads pictures')
    def cut(f):
        if not isinstance(f, Features): return f
        return replace(f[f.y[:,0]==1], y=f.y[f.y[:,0]==1][:,:1]) if f.y.ndim==2 else f[f.y==0]
    one = {k: cut(v) for k,v in d.items()} | dict(task=replace(d['task'], classes=d['task'].classes[:1], splits={}))
    if name=='tai-dpt': one['texts'] = make_texts([dict(text='a cat', labels=[0])]*2)
    try: clf = fitted(name, one)
    except TextclipError: return
    assert scores(clf, d['test']).shape==(len(d['test']), 1)

@grid('empty')
def test_no_images(name):
    clf,none = classifier(name),test_of(name)[:0]
    try: assert scores(clf, none).shape==(0, len(clf.classes))
    except TextclipError: pass
    m,d = made(name),data_for(name)
    if 'train' in m.needs and not m.trains_encoder:
        with pytest.raises(TextclipError): fitted(name, d | dict(train=d['train'][:0]))

@grid('width')
def test_another_number_of_dimensions(name):
    clf,images = classifier(name),test_of(name)
    wide = Features(torch.ones(3, images.x.shape[1]+1), local=torch.ones(3, 2, images.x.shape[1]+1))
    with pytest.raises(TextclipError, match='dimensions'): clf(wide)

@grid('ignored')
def test_what_would_be_ignored_is_refused(name):
    m,d = made(name),data_for(name)
    everything = {k: d.get(k) for k in DATA} | dict(new=['zebra'], synthetic=toy()['train'], generator=1, start=1, device='cpu', callbacks=[1], processes=1)
    for k,v in everything.items():
        if v is None or k in m.arguments: continue
        given = m.usable({o: d.get(o) for o in DATA})
        with pytest.raises(TextclipError, match=k): m.fit(d['task'], tower(), **given | {k: v})

def test_classes_are_where_the_table_says():
    "The one table of class names against the tree"
    import ast
    root = Path(__file__).parent.parent/'textclip'
    bases,where = {},{}
    for path in root.rglob('*.py'):
        module = '.'.join(('textclip', *path.relative_to(root).with_suffix('').parts))
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [o.id for o in node.bases if isinstance(o, ast.Name)]
                where.setdefault(node.name, []).append(module)
    def derived(name): return any(o in ('Method','Classifier') or derived(o) for o in bases.get(name, ()))
    ours = {k for k in bases if derived(k)}
    inner = {'PromptLearner','LocalPromptLearner'}          # bases of methods, which no file names
    assert ours-inner=={*class_modules()}, ours ^ {*class_modules()}
    for k,module in class_modules().items(): assert where[k]==[module], k

def test_every_class_opens_in_a_fresh_process():
    import subprocess, sys
    with tempfile.TemporaryDirectory() as d:
        kept = {type(classifier(k)).__name__: classifier(k).save(Path(d)/k) for k in METHODS}
        code = 'import sys\nfrom textclip.types import load_classifier\nprint([type(load_classifier(p)).__name__ for p in sys.argv[1:]])'
        found = subprocess.run([sys.executable, '-c', code, *map(str, kept.values())], capture_output=True, text=True)
        assert found.stdout.strip()==str([*kept]), found.stderr[-2000:]
