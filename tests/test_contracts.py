"""What every method and every classifier promises, tried on all methods of the registry

The methods are found in `known_methods`, so that a new one is tried by being listed there. Each is fitted on a few
made-up images, texts and places of a tiny encoder, with as few steps as its fields allow. What a method cannot promise
is named here, with the reason.
"""
import functools, json, random, tempfile
from dataclasses import fields, replace
from pathlib import Path
import numpy as np, pytest, torch
from textclip.core.basics import TextclipError, digest, own_warnings
from textclip.types.task import Task, normal_name
from textclip.types.features import Features
from textclip.types.classifier import LinearClassifier, load_classifier
from textclip.training.encoder_tuning import adapted_features
from textclip.encoders.protocol import encoder_meta
from textclip.features.extract import image_features
from textclip.data.images import ImageSplit
from textclip.testing.data import drawn_shapes, place_images, shape_names, toy_multilabel
from textclip.testing.encoders import tiny_open_clip
from textclip.sampling.texts import make_texts
from textclip.methods.registry import class_modules, known_methods

NAMES = ['cat','golden retriever','ox','parrot']
SHORT = dict(steps=3, epochs=1, batch=8, every=2, text_steps=3, prompts=2, n_prompts=2, halvings=0, enough=1)
DATA = ('texts','templates','train','support','val','unlabeled')

# answers depend on the other images of a batch
TRANSDUCTIVE = {'stata','transclip'}
# every image goes through the text tower
TEXT_TOWER = {'cocoop','cocoop+ship'}
# the start or the noise of a class is drawn by its position: another order of the classes is another draw
DRAWN_BY_POSITION = {'tai-adapter','tai-adapter-few-shot','comc','tai-dpt'}
# scores of a class depend on which others are asked: the images of a batch, or the places of an image, choose among
# them; their rows stay all the same, and a part of the classes scores as if the method had been fitted on that part
COUPLED = {'stata','transclip','calip'}
# one method with other settings, where these make another classifier
VARIANTS = {'tai-adapter, residual': dict(arch='residual'), 'text-mixture, unlabelled alone': {}}
# a cache holds images, and of a new class it has none; a mixture is fitted on images of all its classes
CACHES = {'tip-adapter','tip-adapter-f','tip-x','sus-x','text-mixture'}
# every class is a Gaussian of its images: a new one has none
GAUSSIANS = {'text-gda','cross-validated'}

@functools.cache
def tower(): return tiny_open_clip()

@functools.cache
def toy():
    "Four classes with images that have places, texts, and another task with several labels"
    t,meta = tower(),encoder_meta(tower())
    train,val,test = [place_images(t, NAMES, 3, seed=i)[0] for i in range(3)]
    def about(*forms):
        y = torch.arange(len(NAMES)).repeat_interleave(len(forms))
        return Features(t.encode_text([f.format(c) for c in NAMES for f in forms]), y=y, meta=meta)
    texts = about('a small {}.', 'a big {}.', 'the {} in ink.')
    images = dict(train=train, val=val, test=test, support=train, unlabeled=test)
    return dict(task=Task('toy', NAMES), texts=texts, templates=about('a photo of a {}.')) | images

@functools.cache
def several():
    "A task whose images have several labels"
    task,texts,names,images = toy_multilabel(5, texts=60, images=20)
    return dict(task=task, texts=texts, templates=names, train=images, val=images, test=images)

@functools.cache
def captions():
    "Captions for TaI-DPT, which reads tokens"
    pairs = (('a cat beside an ox',[0,2]), ('a golden retriever',[1]),
        ('a cat and a golden retriever on the lawn',[0,1]), ('a parrot over an ox',[2,3]))
    test = replace(toy()['test'], y=torch.nn.functional.one_hot(toy()['test'].y, len(NAMES)))
    texts = make_texts(dict(text=t, labels=l) for t,l in pairs)
    return dict(task=Task('captions', NAMES, 'multi'), texts=texts, test=test)

@functools.cache
def shapes():
    "Pictures in a folder, for methods that train the encoder"
    pictures = drawn_shapes(tempfile.mkdtemp(), 2)
    x = tower().encode_text([f'a {c}' for c in shape_names])
    about = Features(x, y=torch.arange(len(shape_names)), meta=encoder_meta(tower()))
    images = dict(train=pictures, unlabeled=ImageSplit(pictures.paths), test=image_features(pictures, tower()))
    return dict(task=Task('shapes', shape_names), texts=about) | images

def known_as(name): return known_methods[name.partition(',')[0]]

def made(name):
    "The method, with a few steps"
    known,own = known_as(name),VARIANTS.get(name, {})
    if known.inside:
        settings = dict(recipe='ours', steps=3, batch=8, hidden=8, generator_hidden=8)
        return known.cls(made(known.inside), settings)
    have = {f.name for f in fields(known.cls)}
    short = {k: v for k,v in SHORT.items() if k in have and not (k=='epochs' and 'steps' in have)}
    if name=='tai-dpt': own = dict(length=3, batch=2)
    return known.make(**short | own)

def data_for(name):
    "What this method is tried on"
    m = made(name)
    if m.trains_encoder: return shapes()
    if name=='tai-dpt': return captions()
    return several() if known_as(name).several else toy()

def fitted(name, data=None, seed=0, **own):
    "A classifier"
    m,d = made(name),data or data_for(name)
    given = {k: d.get(k) for k in DATA} | own
    if known_as(name).several and m.regime!='few-shot': given['train'] = None     # texts alone
    if name.endswith('unlabelled alone'): given['train'] = None
    encoder = None if d['texts'] is several()['texts'] else tower()
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

METHODS = [*known_methods, *VARIANTS]
def grid(skip=()):
    "One case a method"
    return pytest.mark.parametrize('name', [k for k in METHODS if k not in skip])

@grid()
def test_saved_and_loaded(name):
    clf,images = classifier(name),test_of(name)
    with tempfile.TemporaryDirectory() as d:
        again = load_classifier(clf.save(d))
        assert '.' not in read_type(d)
    if hasattr(again, 'attach'): again.attach(tower())
    assert torch.equal(scores(again, images), scores(clf, images))
    assert again.classes==clf.classes and type(again) is type(clf)

def read_type(folder):
    return json.loads((Path(folder)/'classifier.json').read_text(encoding='utf-8'))['type']

@grid(skip=DRAWN_BY_POSITION | VARIANTS.keys())
def test_order_of_the_classes(name):
    d = data_for(name)
    if isinstance(d.get('train'), ImageSplit): pytest.skip('the folder gives the order')
    order = list(range(len(d['task'])))[::-1]
    place = torch.tensor(order).argsort()
    def turned(f):
        if not isinstance(f, Features) or f.y is None: return f
        return replace(f, y=f.y[:,order] if f.y.ndim==2 else place[f.y])
    task = replace(d['task'], classes=[d['task'].classes[i] for i in order], splits={})
    other = {k: turned(v) for k,v in d.items()} | dict(task=task)
    same(scores(fitted(name, other), d['test']), scores(classifier(name), d['test'])[:,order], 2e-3)

def a_part(clf):
    "Names of two classes, one written otherwise"
    return [clf.classes[2].upper(), clf.classes[0]]

@grid(skip=COUPLED)
def test_a_part_of_the_classes_is_the_same_rows(name, tmp_path):
    clf,images = classifier(name),test_of(name)
    part = clf.with_classes(a_part(clf))
    assert [normal_name(c) for c in part.classes]==[normal_name(clf.classes[i]) for i in (2, 0)]
    assert part.info['method']==clf.info['method']
    same(scores(part, images), scores(clf, images)[:,[2,0]], 1e-6)
    if isinstance(clf, LinearClassifier): assert torch.equal(part.weight, clf.weight[[2,0]])
    again = load_classifier(part.save(tmp_path))
    if hasattr(again, 'attach'): again.attach(tower())
    assert torch.equal(scores(again, images), scores(part, images))
    same(scores(again.with_classes([clf.classes[0]]), images), scores(clf, images)[:,[0]], 1e-6)

@pytest.mark.parametrize('name', sorted(COUPLED))
def test_a_part_of_coupled_classes_is_fitted_on_that_part(name, tmp_path):
    clf,d = classifier(name),data_for(name)
    part = clf.with_classes(a_part(clf))
    assert torch.equal(part.weight, clf.weight[[2,0]])          # rows stay, what is made of them does not
    names = [d['task'].classes[i] for i in (2, 0)]
    def cut(f):
        rows = torch.cat([(f.y==i).nonzero().flatten() for i in (2, 0)])
        return replace(f[rows], y=(f.y[rows]==0).long())
    few = {k: cut(d[k]) for k in ('texts','templates','val')} | dict(task=Task('part', names))
    alone = fitted(name, d | few)
    if name=='calip': part.beta2,part.beta3 = alone.beta2,alone.beta3      # chosen on other images
    same(scores(part, d['test']), scores(alone, d['test']))
    assert (scores(part, d['test'])-scores(clf, d['test'])[:,[2,0]]).abs().max()>1e-4
    assert torch.equal(scores(load_classifier(part.save(tmp_path)), d['test']), scores(part, d['test']))

@pytest.mark.parametrize('name', sorted(COUPLED | {'gda'}))
def test_known_rows_stay_beside_new_names(name):
    clf = classifier(name)
    more = clf.with_classes(['zebra', *clf.classes[::-1]], encoder=tower(), templates=['a photo of a {}.'])
    assert torch.equal(more.weight[1:], clf.weight.flip(0))
    if clf.bias is not None: assert torch.equal(more.bias[1:], clf.bias.flip(0))

def fills_templates(name):
    "Is it fitted on class names in templates, as far as the encoder goes?"
    m,known = made(name),known_as(name)
    if m.trains_encoder or known.inside or known.name in COUPLED | CACHES | GAUSSIANS: return False
    if 'templates' not in m.arguments or 'texts' in m.needs: return False
    return not known.several or m.regime=='names'

@pytest.mark.parametrize('name', [k for k in METHODS if fills_templates(k)])
def test_templates_are_kept(name):
    d,m = toy(),made(name)
    given = {k: d.get(k) for k in ('train','val')} | dict(templates=['an old sketch of the {}, in ink.'])
    clf = m.fit(d['task'], tower(), **m.usable(given))
    more = clf.with_classes([*NAMES, 'zebra'], encoder=tower())
    same(scores(more, d['test'])[:,:len(NAMES)], scores(clf, d['test']), 1e-6)

def reads_labels(name):
    "Is it fitted on features of images with one label each?"
    m = made(name)
    return bool({'train','support'} & {*m.needs}) and not known_as(name).several and not m.trains_encoder

@pytest.mark.parametrize('name', [k for k in METHODS if reads_labels(k)])
def test_labels_are_joined_by_name(name):
    d = toy()
    place = torch.tensor([3,1,0,2])
    classes = [NAMES[i] for i in place.argsort().tolist()]
    turned = replace(d['train'], y=place[d['train'].y], meta=d['train'].meta | dict(classes=classes))
    key = 'support' if 'support' in made(name).needs else 'train'
    same(scores(fitted(name, d | {key: turned}), d['test']), scores(classifier(name), d['test']), 2e-3)

# SHIP makes features of classes without images, and texts of them are no concern of its own
LABELLED = [k for k in METHODS if reads_labels(k) and not known_as(k).inside]

def said_of(name, **own):
    "What is said about data that are wrong: the error, or the warnings of a fit that goes on"
    with own_warnings() as caught:
        try: fitted(name, toy() | own)
        except TextclipError as e: return str(e)
    return ' '.join(str(o.message) for o in caught)

@pytest.mark.parametrize('name', LABELLED)
def test_labelled_images_that_are_wrong(name):
    images,key = toy()['train'],'support' if 'support' in made(name).needs else 'train'
    assert 'ox, parrot' in said_of(name, **{key: images[images.y<2]})                   # classes without images
    few = said_of(name, **{key: images[[0]]})                                           # fewer images than classes
    assert '3 of 4 classes' in few
    twice = Features(images.x.repeat(2, 1), y=images.y.repeat(2), local=images.local.repeat(2, 1, 1), meta=images.meta)
    assert f'{len(images)} of {2*len(images)} labelled images are copies' in said_of(name, **{key: twice})
    broken = replace(images, views=images.x[:,None].clone())
    broken.views[1] = float('nan')
    assert '1 rows is not finite' in said_of(name, **{key: broken})
    single = images[[int((images.y==c).nonzero()[0]) for c in range(4)]]                # one image a class
    assert 'Traceback' not in said_of(name, **{key: single})

@pytest.mark.parametrize('name', [k for k in LABELLED if 'texts' in made(k).arguments])
def test_texts_for_half_of_the_classes(name):
    half = toy()['texts'][toy()['texts'].y<2]
    assert '2 of 4 classes have no texts: ox, parrot' in said_of(name, texts=half)

@grid(skip=TRANSDUCTIVE)
def test_size_of_the_batch(name):
    clf,images = classifier(name),test_of(name)
    same(torch.cat([scores(clf, images[[i]]) for i in range(4)]), scores(clf, images)[:4])

EXPORTED = set()      # classes of classifiers that were tried

@grid()
def test_exported_as_a_graph(name, tmp_path):
    "The same probabilities without torch, or one sentence"
    clf,images = classifier(name),test_of(name)
    if name in TRANSDUCTIVE | TEXT_TOWER:
        says = 'whole batch' if name in TRANSDUCTIVE else 'through the text tower'
        with pytest.raises(TextclipError, match=says): clf.export(tmp_path/'head.onnx', head_only=True)
        return
    runtime = pytest.importorskip('onnxruntime', reason="pip install 'textclip[onnx]'")
    kind = tuple(type(o).__name__ for o in (clf, getattr(clf, 'inner', None))),tuple(clf.requires)
    if kind in EXPORTED: pytest.skip('another method with this class of classifier is tried')
    EXPORTED.add(kind)
    if clf.encoder_delta is not None: images = adapted(digest(*clf.state_dict().values()), clf, images)
    head = runtime.InferenceSession(clf.export(tmp_path/'head.onnx', head_only=True))
    assert [o.name for o in head.get_inputs()]==[*clf.requires]
    assert json.loads(head.get_modelmeta().custom_metadata_map['classes'])==clf.classes
    for rows in (images, images[:1]):
        found, = head.run(None, {k: getattr(rows, k).float().numpy() for k in clf.requires})
        same(torch.from_numpy(found), clf.predict_proba(rows))

@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64], ids=str)
@grid()
def test_precision_of_the_images(name, dtype):
    clf,images = classifier(name),test_of(name)
    found = scores(clf, images.to(dtype=dtype))
    assert found.isfinite().all() and found.shape==(len(images), len(clf.classes))
    if name in TRANSDUCTIVE or clf.encoder_delta is not None: return
    same(found, scores(clf, images.to(dtype=dtype).to(dtype=torch.float32)), 1e-3)

@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64], ids=str)
@grid()
def test_fitted_on_any_precision_it_computes_in_float32(name, dtype):
    if made(name).trains_encoder: pytest.skip('reads pictures')
    def cast(data, dtype): return {k: v.to(dtype=dtype) if isinstance(v, Features) else v for k,v in data.items()}
    other = cast(data_for(name), dtype)
    clf = fitted(name, other)
    assert {v.dtype for v in clf.state_dict().values()} <= {torch.float32, torch.int64, torch.bool}
    found,rounded = scores(clf, test_of(name)),cast(other, torch.float32)     # the same numbers, rounded as these are
    assert found.isfinite().all()
    same(found, scores(fitted(name, rounded), test_of(name)), 1e-3)

@grid()
def test_inputs_stay_and_seeds_repeat(name):
    d = data_for(name)
    def copies():
        features = {k: v for k,v in d.items() if isinstance(v, Features)}
        return {k: {n: t.clone() for n,t in v.tensors().items()} for k,v in features.items()}
    before = copies()
    weights = {k: v.clone() for k,v in tower().model.state_dict().items()}
    again = fitted(name)
    assert torch.equal(scores(again, d['test']), scores(classifier(name), d['test']))
    for k,parts in copies().items():
        for n,t in parts.items(): assert torch.equal(t, before[k][n]), (k, n)
    for k,v in tower().model.state_dict().items(): assert torch.equal(v, weights[k]), k

@grid()
def test_global_random_state_is_left_as_found(name, tmp_path):
    torch.manual_seed(5); np.random.seed(5); random.seed(5)
    before = torch.get_rng_state(),np.random.get_state()[1].copy(),random.getstate()
    clf = fitted(name, seed=1)
    scores(clf, test_of(name))
    load_classifier(clf.save(tmp_path)).with_classes(clf.classes[:2])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1]==before[1]).all() and random.getstate()==before[2]

@grid()
def test_one_class(name):
    d = data_for(name)
    if made(name).trains_encoder: pytest.skip('reads pictures')
    def cut(f):
        if not isinstance(f, Features): return f
        if f.y.ndim==1: return f[f.y==0]
        rows = f.y[:,0]==1
        return replace(f[rows], y=f.y[rows][:,:1])
    task = replace(d['task'], classes=d['task'].classes[:1], splits={})
    one = {k: cut(v) for k,v in d.items()} | dict(task=task)
    if name=='tai-dpt': one['texts'] = make_texts([dict(text='a cat', labels=[0])]*2)
    try: clf = fitted(name, one)
    except TextclipError: return
    assert scores(clf, d['test']).shape==(len(d['test']), 1)

@grid()
def test_no_images(name):
    clf,none = classifier(name),test_of(name)[:0]
    try: assert scores(clf, none).shape==(0, len(clf.classes))
    except TextclipError: pass
    m,d = made(name),data_for(name)
    if 'train' in m.needs and not m.trains_encoder:
        with pytest.raises(TextclipError): fitted(name, d | dict(train=d['train'][:0]))

@grid()
def test_another_number_of_dimensions(name):
    clf,images = classifier(name),test_of(name)
    wide = Features(torch.ones(3, images.x.shape[1]+1), local=torch.ones(3, 2, images.x.shape[1]+1))
    with pytest.raises(TextclipError, match='dimensions'): clf(wide)

@grid()
def test_what_would_be_ignored_is_refused(name):
    m,d = made(name),data_for(name)
    everything = {k: d.get(k) for k in DATA} | dict(new=['zebra'], synthetic=toy()['train'], generator=1, start=1)
    everything |= dict(device='cpu', callbacks=[1], processes=1)
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
        code = 'import sys\nfrom textclip.types import load_classifier\n'
        code += 'print([type(load_classifier(p)).__name__ for p in sys.argv[1:]])'
        found = subprocess.run([sys.executable, '-c', code, *map(str, kept.values())], capture_output=True, text=True)
        assert found.stdout.strip()==str([*kept]), found.stderr[-2000:]
