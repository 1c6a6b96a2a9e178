"""Build the package and try it as users get it: no extras, the newest of everything, outside the checkout

`make wheel` makes a new environment in a temporary folder (about 6 GB, removed afterwards) and runs each check in it as a program of its own.
"""
import email, os, re, shutil, subprocess, sys, tempfile, time, zipfile
from pathlib import Path
from fastcore.script import call_parse
from files import ROOT, cfg

SOURCES = ['settings.ini','setup.py','pyproject.toml','MANIFEST.in','README.md','LICENSE', cfg.lib_name]

IMPORTS = '''
import importlib,pkgutil,fastcore,textclip
names = [m.name for m in pkgutil.walk_packages(textclip.__path__, 'textclip.')]
for name in names: importlib.import_module(name)
print(len(names), 'modules imported, with fastcore', fastcore.__version__)
'''

FIT = '''
from PIL import Image
import textclip as tc
from textclip.testing import ColourEncoder
task = tc.Task('colours', ['red','green','blue'])
texts = tc.sample_texts(task, 'template', n=2)
classifier = tc.CuPL().fit(task, ColourEncoder(), texts=texts)
image = Image.new('RGB', (32, 32), (210, 20, 20))
answer = tc.Pipeline(ColourEncoder(), classifier).predict(image)[0]
assert answer.name=='red', answer
print(len(texts), 'template texts, a classifier, a red image:', answer.name)
'''

EXTRAS = '''
import os,tempfile
import torch
os.environ['TEXTCLIP_HOME'] = tempfile.mkdtemp()      # nothing that an earlier run left in a store
from textclip.core import RayExecutor, TextclipError
from textclip.sampling.llms import HttpLLM, SamplingParameters, load_llm
from textclip.types import LinearClassifier
from textclip.synthesis.image_generation import load_text_to_image
from textclip.synthesis.retrieval import faiss_index

def ask_server(): return list(HttpLLM('http://127.0.0.1:9/v1', 'm').answer(['a'], [0], SamplingParameters()))

needs = dict(offline=lambda: list(load_llm('smollm2').answer(['a'], [0], SamplingParameters())), llm=ask_server, index=lambda: faiss_index(torch.rand(4, 3)),
    diffusion=lambda: load_text_to_image('nobody/none'), ray=lambda: RayExecutor().start(),
    onnx=lambda: LinearClassifier(torch.eye(2), dict(classes=['a','b'])).export('m.onnx', head_only=True))
for extra,call in needs.items():
    try: call()
    except TextclipError as e: said = str(e)
    else: said = 'nothing'
    assert f"textclip[{extra}]" in said, (extra, said)
    print(said)
'''

def relative_links(markdown):
    "Links and pictures of a README that lead nowhere on the package index"
    outside_code = re.sub(r'(?ms)^```.*?^```', '', markdown)
    urls = re.findall(r'\]\(([^)\s]+)', outside_code) + re.findall(r'\b(?:src|href)="([^"]+)"', outside_code)
    return [u for u in urls if not u.startswith(('https://', 'mailto:', '#'))]

def build(folder):
    "The wheel, built from a copy, so that nothing an earlier build left behind gets into it"
    source = folder/'source'
    source.mkdir()
    for name in SOURCES:
        if (ROOT/name).is_dir(): shutil.copytree(ROOT/name, source/name, ignore=shutil.ignore_patterns('__pycache__'))
        else: shutil.copy(ROOT/name, source/name)
    pip = [sys.executable, '-m', 'pip', 'wheel', '-q', '--disable-pip-version-check', '--no-deps', '--no-build-isolation']
    subprocess.run([*pip, '-w', str(folder), str(source)], check=True)
    [wheel] = folder.glob('*.whl')
    return wheel

def check_contents(wheel):
    "Every module and data file is in it, nothing else is, and its README shows on a package index"
    with zipfile.ZipFile(wheel) as z:
        names = set(z.namelist())
        metadata = email.message_from_bytes(z.read(next(n for n in names if n.endswith('.dist-info/METADATA'))))
    want = {f.relative_to(ROOT).as_posix() for f in cfg.lib_path.rglob('*') if f.suffix in ('.py','.jsonl','.json','.typed','.pyi')}
    found = {n for n in names if '.dist-info/' not in n}
    assert found==want, f'not in the wheel: {sorted(want-found)}; not in the checkout: {sorted(found-want)}'
    dead = relative_links(metadata.get_payload())
    assert not dead, f'links of the README that lead nowhere on a package index: {dead[:5]}'
    print(f'{wheel.name}: {wheel.stat().st_size/1000:.0f} kB, {len(found)} files, README without relative links')

def in_environment(home, title, *command, status=0, says=()):
    "Run a program of the new environment; status and words of its output are as expected"
    start = time.perf_counter()
    env = {k: v for k,v in os.environ.items() if not k.startswith(('PYTHON','HF_','VIRTUAL_ENV'))}
    env |= dict(HF_ENDPOINT='http://127.0.0.1:9', PATH=f'{home/"venv/bin"}{os.pathsep}{os.environ["PATH"]}')   # no hub there
    done = subprocess.run(command, cwd=home/'elsewhere', env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f'\n# {title} ({time.perf_counter()-start:.0f} s)\n{done.stdout.strip()}')
    assert done.returncode==status, f'{title}: status {done.returncode}, expected {status}'
    assert 'Traceback' not in done.stdout, f'{title}: a traceback'
    for words in says: assert words in done.stdout, f'{title}: it does not say {words!r}'

@call_parse
def main(lite:bool=False): # Fit with the encoder lite too (fetches 107 MB where it is not in the store yet)
    "Build the wheel and try it"
    with tempfile.TemporaryDirectory(prefix='textclip-wheel-') as d:
        home = Path(d)
        wheel = build(home)
        check_contents(wheel)
        python = str(home/'venv/bin/python')
        subprocess.run([sys.executable, '-m', 'venv', str(home/'venv')], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', str(wheel)], check=True)
        (home/'elsewhere').mkdir()
        (home/'elsewhere/names.txt').write_text('ball\ntraffic light\n')
        fit = ['textclip','fit','--classes','names.txt','--llm','template','--method','cupl','--out','out']
        in_environment(home, 'pip check', python, '-m', 'pip', 'check', says=['No broken requirements'])
        in_environment(home, 'textclip doctor', 'textclip', 'doctor', says=["pip install 'textclip[offline]'", 'cannot be reached'])
        in_environment(home, 'every module', python, '-c', IMPORTS)
        in_environment(home, 'fit with template texts', python, '-c', FIT)
        in_environment(home, 'a model of the hub', *fit, '--encoder', 'ViT-B-32/openai', status=1, says=['textclip: '])
        in_environment(home, 'each extra', python, '-c', EXTRAS)
        if lite: in_environment(home, 'fit with lite', *fit, '--encoder', 'lite', says=['saved in out'])
    print('\nThe wheel works.')
