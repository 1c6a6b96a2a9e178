"Everything made from the notebooks is in sync, they are pleasant to read, and nothing is committed that should not be"
import json, re, subprocess
from pathlib import Path
import pytest
from check import CHECKS, problems
from files import ROOT

PATHS = re.compile(r'(?<![\w.)~/-])/(?:tmp|work|root)/\S*')
SECRETS = re.compile(r'\b(?:hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16})\b'
                     r'|-----BEGIN [A-Z ]*PRIVATE KEY')

def committed():
    "Files that are or would be committed"
    git = ['git', 'ls-files', '-co', '--exclude-standard', '-z']
    try: out = subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError): pytest.skip('not a git checkout')
    return [f for o in out.stdout.split('\0') if o and (f := ROOT/o).is_file()]

def cells(path): return json.loads(path.read_text(encoding='utf-8'))['cells']

def text(path):
    "What a person can read in the file: of a notebook the sources and outputs, but not the pictures"
    if path.suffix!='.ipynb': return path.read_text(encoding='utf-8')
    outs = lambda c: [{k:v for k,v in o.get('data', {}).items() if 'image' not in k} or o.get('text', '') for o in c.get('outputs', [])]
    return '\n'.join(''.join(c['source'])+json.dumps(outs(c)) for c in cells(path))

@pytest.mark.parametrize('name', CHECKS)
def test_check(name):
    bad = problems(name)
    assert not bad, '\n'.join(bad)

@pytest.mark.parametrize('pattern', [PATHS, SECRETS], ids=['paths', 'secrets'])
def test_nothing_private(pattern):
    files = [f for f in committed() if f.suffix in ('.ipynb','.md','.jsonl','.json','.py') and f!=Path(__file__)]
    bad = [f'{f.relative_to(ROOT)}: {m[0]}' for f in files for m in pattern.finditer(text(f))]
    assert not bad, '\n'.join(bad)

def test_no_large_files():
    bad = [f'{f.relative_to(ROOT)}: {f.stat().st_size/1e6:.1f} MB' for f in committed() if f.stat().st_size>1e6]
    assert not bad, '\n'.join(bad)
