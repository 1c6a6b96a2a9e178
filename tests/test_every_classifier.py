"What holds for the classifier of every method: subsets by name, any floating-point type, random numbers of others left alone"
import random, warnings
from dataclasses import replace
import numpy as np, pytest, torch
from textclip.core.basics import make_generator
from textclip.types.task import Task, normal_name
from textclip.types.classifier import load_classifier
from textclip.features.extract import text_features
from textclip.testing.encoders import CharacterEncoder
from textclip.types.features import TaskFeatures
from textclip.benchmark.protocols import fit_on
from textclip.sampling.texts import make_texts
from textclip.methods.registry import known_methods, make_methods
from textclip.sampling.texts import template_texts
from textclip.testing.data import toy_descriptions
from textclip.testing.data import place_images
from textclip.methods.ship import SHIP
from textclip.methods.tai_adapter import TAIAdapter

NAMES = ['cat','ox','frog','lynx']
SMALL = dict(steps=4, epochs=2, image_epochs=2, halvings=1)

def small(method):
    "The method with a short training"
    if isinstance(method, SHIP): return replace(method, method=small(method.method), settings=replace(method.settings, steps=4, epochs=None, batch=4))
    have = {k: v for k,v in SMALL.items() if k in getattr(method, '__dataclass_fields__', {}) and k!='steps'}
    if 'steps' in getattr(method, '__dataclass_fields__', {}): have |= dict(steps=4) | ({'epochs': None} if 'epochs' in have else {})
    return replace(method, **have)

METHODS = {k: small(m) for k,m in make_methods([k for k in known_methods if k not in ('lafter','clip-lora')]).items()} | {'tai-residual': TAIAdapter(arch='residual', epochs=2)}
OTHERS_MATTER = ('stata','transclip','calip')     # the classes of an image, or of a place, compete
SEVERAL = ('tai-dpt','tai-adapter','comc','tai-adapter-few-shot','tai-residual')

@pytest.fixture(scope='module')
def tower(): return CharacterEncoder()

def parts_of(f, rows):
    return replace(f, x=f.x[rows], y=f.y[rows], local=None if f.local is None else f.local[rows], ids=None)

@pytest.fixture(scope='module')
def data(tower):
    task = Task('animals', NAMES, templates=['a photo of a {}.', 'the {}.'])
    images = place_images(tower, NAMES, n=6)[0]
    order = torch.arange(len(images)).view(len(NAMES), 6)
    split = {k: parts_of(images, order[:,i].flatten()) for k,i in dict(train=slice(0, 3), val=slice(3, 4), test=slice(4, 6)).items()}
    texts = [dict(text=t, labels=[k]) for k,v in enumerate(toy_descriptions(NAMES).values()) for t in v]
    made = text_features(make_texts(texts), tower, len(task))
    return TaskFeatures(task, split | dict(support=split['train']), text_features(template_texts(task), tower, len(task)), made, encoder=tower)

def several(data, tower):
    "The same with several labels for every text and image"
    two = lambda f: replace(f, y=torch.nn.functional.one_hot(f.y, 4).float() + torch.nn.functional.one_hot((f.y+1)%4, 4).float()*(torch.arange(len(f))%2)[:,None])
    texts = two(data.texts)
    tokens = texts.x[:,None] + .1*torch.randn(len(texts), 3, texts.x.shape[1], generator=make_generator(0, 'tokens'))
    task = replace(data.task, kind='multi')
    return replace(data, task=task, splits={k: two(f) for k,f in data.splits.items()}, texts=replace(texts, local=tokens))

def data_for(name, data, tower): return several(data, tower) if name in SEVERAL else data

def fitted(name, data, **kw):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return fit_on(METHODS[name], data, data.splits['train'], data.splits['val'], **kw).classifier

def answers(clf, features):
    with torch.no_grad(): return clf.eval()(features).float()

@pytest.mark.parametrize('name', METHODS)
def test_a_subset_goes_by_name_and_needs_no_encoder(name, data, tower, tmp_path):
    d = data_for(name, data, tower)
    clf,test = fitted(name, d),d.splits['test']
    whole = answers(clf, test)
    few = clf.with_classes(['Lynx','cat'])
    assert [normal_name(c) for c in few.classes]==['lynx','cat'] and few.info['method']==clf.info['method']
    if name not in OTHERS_MATTER: torch.testing.assert_close(answers(few, test), whole[:,[3,0]], rtol=1e-4, atol=1e-4)
    again = load_classifier(few.save(tmp_path))
    if hasattr(again, 'attach'): again.attach(tower)
    torch.testing.assert_close(answers(again, test), answers(few, test), rtol=1e-5, atol=1e-5)
    one = few.with_classes(['cat'])
    assert answers(one, test).shape==(len(test), 1)
    if hasattr(clf, 'weight') and clf.class_axes.get('weight')==0: assert torch.equal(few.weight, clf.weight[[3,0]])

@pytest.mark.parametrize('name', METHODS)
def test_random_numbers_of_others_are_left_alone(name, data, tower, tmp_path):
    d = data_for(name, data, tower)
    torch.manual_seed(5); np.random.seed(5); random.seed(5)
    before = torch.get_rng_state(),np.random.get_state()[1].tolist(),random.getstate()
    clf = fitted(name, d)
    answers(clf, d.splits['test'])
    loaded = load_classifier(clf.save(tmp_path))
    loaded.with_classes(['lynx','cat'])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist()==before[1] and random.getstate()==before[2]

@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize('name', METHODS)
def test_features_of_any_floating_point_type(name, dtype, data, tower):
    d = data_for(name, data, tower)
    cast = lambda f: None if f is None else f.to(dtype=dtype)
    other = replace(d, splits={k: cast(f) for k,f in d.splits.items()}, templates=cast(d.templates), texts=cast(d.texts))
    clf = fitted(name, other)
    assert all(v.dtype in (torch.float32, torch.int64, torch.bool) for v in clf.state_dict().values())
    found = answers(clf, other.splits['test'])
    assert found.isfinite().all()
    back = lambda f: None if f is None else replace(f.to(dtype=torch.float32))
    same = replace(other, splits={k: back(f) for k,f in other.splits.items()}, templates=back(other.templates), texts=back(other.texts))
    torch.testing.assert_close(found, answers(fitted(name, same), same.splits['test']), rtol=1e-3, atol=1e-3)     # float32 inside
