"""Settings for all tests

`pytest` leaves out what is marked `slow` or `gpu`. Choose with -m: `pytest -m slow`, `pytest -m gpu`, `pytest -m ""` (all).
Tests made from a notebook run in the notebook's folder, and a failing one names its notebook, heading and cell.
"""
import os, sys
from pathlib import Path
import pytest

os.environ['MPLBACKEND'] = 'Agg'
if n := int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 0)):    # several test processes share the processors
    os.environ.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1)//n)))
for k in ('HF_HUB_OFFLINE','HF_DATASETS_OFFLINE'): os.environ.setdefault(k, '1')   # HF_HUB_OFFLINE=0 pytest -m slow
os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')
ROOT = Path(__file__).resolve().parent.parent

LONG = ('test_project', 'test_notebooks', 'test_benchmark_runner', 'test_core_executors', 'test_rooms', 'test_training_processes',
    'test_cli_train_encoder')   # they come first, so that no process ends long after the others

def pytest_collection_modifyitems(items): items.sort(key=lambda o: LONG.index(o.path.stem) if o.path.stem in LONG else len(LONG))

def pytest_pycollect_makeitem(collector, name, obj):
    "Don't collect the `test_*` helpers that `from fastcore.test import *` brings in"
    if isinstance(collector, pytest.Module) and name.lower().startswith('test'):
        if getattr(obj, '__module__', None) not in (None, collector.obj.__name__): return []

@pytest.fixture(autouse=True)
def home_and_tidy(request, monkeypatch):
    "Run where the notebook lies (or in the repository's root), and close the figures a test leaves open"
    monkeypatch.chdir((ROOT/getattr(request.module, 'NOTEBOOK', 'tests')).parent)
    yield
    if plt := sys.modules.get('matplotlib.pyplot'): plt.close('all')

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    "Add notebook, heading and cell to the report of a test made from a notebook"
    rep,nb = (yield).get_result(),getattr(item.module, 'NOTEBOOK', None)
    if not (nb and call.when=='call' and call.excinfo): return
    row = next((t.lineno for t in call.excinfo.traceback if Path(t.path)==item.path), 0)
    above = item.path.read_text(encoding='utf-8').splitlines()[:row+1]
    cell = next((l.strip() for l in reversed(above) if l.startswith(f'    # {nb} ·')), None)
    if cell: rep.sections.append(('Notebook cell', cell[2:]))
