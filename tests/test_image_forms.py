"Each method's paper recipe takes its own form of a ResNet's image features"
import pytest, torch
from PIL import Image
from textclip.types.task import Task
from textclip.types.features import Features
from textclip.types.method import Given
from textclip.features.extract import image_features, in_paper_form
from textclip.data.images import ImageSplit
from textclip.testing.encoders import tiny_open_clip
from textclip.core.basics import Store
from textclip.sampling.texts import make_texts
from textclip.methods.calip import CALIP
from textclip.methods.comc import CoMC
from textclip.methods.coop import CoOp
from textclip.methods.dualpt import DuAlPT
from textclip.methods.plot import PLOT
from textclip.methods.tai_adapter import TAIAdapter
from textclip.methods.tai_dpt import TaIDPT

ATTENTION,PLAIN_GLOBAL,DEFAULT = 'tiny?places=attention','tiny?positions=no','tiny'

@pytest.fixture(scope='module')
def resnet(): return tiny_open_clip(dict(layers=[1,1,1,1], width=16, patch_size=None, head_width=64))

@pytest.fixture(scope='module')
def split(tmp_path_factory):
    folder = tmp_path_factory.mktemp('images')
    paths = [folder/f'{i}.png' for i in range(4)]
    for i,path in enumerate(paths): Image.effect_noise((80,60), 60+30*i).convert('RGB').save(path)
    return ImageSplit(paths, torch.tensor([0,0,1,1]))

FORMS = [(PLOT(), ATTENTION), (DuAlPT(), ATTENTION), (CALIP('paper'), ATTENTION), (TaIDPT(), PLAIN_GLOBAL),
    (CoMC(), PLAIN_GLOBAL), (CoOp(), DEFAULT), (TAIAdapter(), DEFAULT), (PLOT('ours'), DEFAULT),
    (CALIP('ours'), DEFAULT), (TaIDPT('ours'), DEFAULT), (CoMC('ours'), DEFAULT)]

@pytest.mark.parametrize('method,form', FORMS)
def test_the_form_of_the_paper(method, form, resnet, split):
    assert in_paper_form(method, Given(resnet, train=split)).encoder.name==form
    assert in_paper_form(method, Given(resnet, texts=['a cat'])).encoder.name==form

@pytest.mark.parametrize('method', [PLOT(), CALIP('paper')])
def test_ready_images_decide(method, resnet, split, tmp_path):
    ready = image_features(split, resnet, store=Store(tmp_path), local=True)
    with pytest.warns(UserWarning, match='was published with'): given = in_paper_form(method, Given(resnet, train=ready))
    assert given.encoder.name==DEFAULT

def test_an_encoder_with_one_form_stays(split):
    vit = tiny_open_clip()
    assert in_paper_form(PLOT(), Given(vit, train=split)).encoder is vit

def test_calip_and_tai_dpt_say_what_they_were_made_with(resnet, split, tmp_path, monkeypatch):
    monkeypatch.setenv('TEXTCLIP_HOME', str(tmp_path))
    assert CALIP('paper').fit(Task('two', ['cat','ox']), resnet, val=split).info['encoder']==ATTENTION
    texts = make_texts([dict(text='a cat and an ox', labels=[0,1]), dict(text='a cat', labels=[0])])
    several = Task('two', ['cat','ox'], 'multi')
    assert TaIDPT(length=2, epochs=1, batch=2).fit(several, resnet, texts=texts).info['encoder']==PLAIN_GLOBAL
    assert CoMC(epochs=1, batch=2).fit(several, resnet, texts=texts).info['encoder']==PLAIN_GLOBAL

def test_new_names_take_the_encoder_in_any_form(resnet, split, tmp_path, monkeypatch):
    monkeypatch.setenv('TEXTCLIP_HOME', str(tmp_path))
    made = PLOT(steps=1, batch=4).fit(Task('two', ['cat','ox']), resnet, train=split)
    again = made.with_classes(['ox','fox'], encoder=resnet)
    assert again.classes==['ox','fox'] and torch.equal(again.weight[:,0], made.weight[:,1])
