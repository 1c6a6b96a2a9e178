"""What a command loads: the modules are counted, not the seconds.

Each test runs a command in a process of its own and looks at `sys.modules` at its end.
"""
import json, subprocess, sys
from pathlib import Path
import pytest

pytest.importorskip('typer')
ROOT = Path(__file__).resolve().parent.parent
HEAVY = ('torch', 'open_clip', 'timm', 'torchvision', 'transformers', 'tokenizers', 'datasets', 'pandas', 'pyarrow', 'matplotlib',
         'sklearn', 'scipy', 'numpy')
COMMANDS = ('', 'fit', 'sample', 'improve', 'predict', 'evaluate', 'push', 'app', 'demo', 'bench', 'rerun', 'compare', 'doctor', 'data', 'data list', 'data get',
            'data check', 'store', 'store clear')

LOOK = """
import json, sys
from textclip.cli.commands import main
try: main(sys.argv[2:])
except SystemExit as e: status = e.code
with open(sys.argv[1], 'w') as f: json.dump([status, sorted({m for m in sys.modules})], f)
"""

def loaded(folder, code, *args):
    "(exit status, modules) of a process"
    found = folder/'modules.json'
    subprocess.run([sys.executable, '-c', code, str(found), *args], check=True, cwd=ROOT, capture_output=True)
    status,modules = json.loads(found.read_text())
    return status, {m for m in modules if m.partition('.')[0] in HEAVY or m.startswith('textclip')}

def test_every_command_is_listed():
    import typer
    from textclip.cli.commands import app
    def below(c, name=''):
        found = [name.strip()]
        for k,o in getattr(c, 'commands', {}).items(): found += below(o, f'{name} {k}')
        return found
    assert sorted(below(typer.main.get_command(app)))==sorted(COMMANDS)

@pytest.mark.parametrize('command', COMMANDS)
def test_help_loads_nothing_heavy(command, tmp_path):
    status,modules = loaded(tmp_path, LOOK, *command.split(), '--help')
    assert not status and not modules & {*HEAVY}

CLASSIFIERS = """
import importlib, json, sys
from textclip.methods.registry import known_methods, class_modules
from textclip.types.classifier import class_from_name, Classifier
kinds = {c for m in known_methods.values() for c in m.classifiers} | {'LinearClassifier', 'PreClassifier'}
for k in kinds & {*class_modules()}: class_from_name(k, Classifier, 'This')
with open(sys.argv[1], 'w') as f: json.dump([0, sorted(sys.modules)], f)
"""

def test_a_saved_classifier_loads_without_tables_texts_and_models(tmp_path):
    _,modules = loaded(tmp_path, CLASSIFIERS)
    assert 'torch' in modules
    assert not modules & {'datasets', 'pandas', 'pyarrow', 'open_clip', 'timm', 'transformers', 'matplotlib', 'sklearn'}
    assert not modules & {'textclip.sampling.sample', 'textclip.sampling.strategies', 'textclip.sampling.recorded_texts'}

@pytest.fixture(scope='module')
def classifier(tmp_path_factory):
    "A saved classifier of `lite`"
    import torch
    from textclip.encoders.load import load_encoder
    from textclip.encoders.protocol import encoder_meta
    from textclip.types.classifier import LinearClassifier
    lite = load_encoder('lite')
    weight = lite.encode_text(['a photo of a cat.', 'a photo of a dog.'])
    info = dict(classes=['cat', 'dog'], method='zero-shot') | encoder_meta(lite)
    return LinearClassifier(weight, info, logit_scale=24.).save(tmp_path_factory.mktemp('cats'))

def test_predict_loads_the_image_tower_and_nothing_else(classifier, tmp_path):
    from PIL import Image
    Image.new('RGB', (300, 200), 'teal').save(tmp_path/'photo.png')
    status,modules = loaded(tmp_path, LOOK, 'predict', '--classifier', str(classifier), str(tmp_path/'photo.png'))
    assert status in (0, None) and 'torch' in modules
    assert modules & {*HEAVY}=={'torch', 'numpy'}
    assert not any(m.startswith(('textclip.benchmark', 'textclip.training', 'textclip.sampling.sample')) for m in modules)

def test_lite_answers_without_its_text_tower(classifier):
    from PIL import Image
    from textclip.pipeline import load_pipeline
    pipe = load_pipeline(classifier)
    first = pipe.predict([Image.linear_gradient('L')])
    assert not pipe.encoder.has_text()
    pipe.encoder.encode_text(['a cat'])
    assert pipe.encoder.has_text() and pipe.predict([Image.linear_gradient('L')])==first

def test_a_classifier_remembers_its_precision(tmp_path):
    import torch, textclip
    found = textclip.fit(['cat', 'dog'], llm=None, dtype='bfloat16')
    assert found.classifier.info['dtype']=='bfloat16'
    found.classifier.save(tmp_path)
    asked = [textclip.load_pipeline(tmp_path, dtype=o).encoder.dtype for o in (None, 'float32')]
    assert asked==[torch.bfloat16, torch.float32]
