"""The GPU stage (tools/gpu_stage) in a process that finds PyTorch, NumPy, transformers and what is carried, and nothing else"""
import json, re, subprocess, sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT/'tools'/'gpu_stage'
BARE = '''
import json, sys
from importlib.machinery import PathFinder
from runpy import run_path
root,main,gone = json.loads(sys.argv[1])
class Bare(PathFinder):
    "Everything but what such a machine lacks"
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split('.')[0] in gone else PathFinder.find_spec(name, path, target)
sys.path.insert(0, root)
sys.meta_path[:] = [Bare if o is PathFinder else o for o in sys.meta_path] + [run_path(main)['StandIns']()]

from textclip.benchmark.speed_cases import measure_speed
rows = measure_speed(repeats=1, report=lambda row: None)['rows']
import torchvision, PIL.Image
assert not isinstance(3, PIL.Image.Image) and torchvision.__version__=='0'
print(json.dumps([[r['case'], r.get('error')] for r in rows]))
'''

def one_spelling(name): return re.sub(r'[-_.]+', '-', name).lower()

def installed_with(name, seen):
    "Add a package, and all that comes with it, to `seen`"
    if (name := one_spelling(name)) in seen: return
    seen.add(name)
    try: wanted = requires(name) or []
    except PackageNotFoundError: return
    for r in wanted:
        if 'extra ==' not in r: installed_with(re.match(r'[\w.-]+', r)[0], seen)

def test_every_row_is_measured_there():
    there = {one_spelling(o) for o in run_path(STAGE/'pack.py')['PACKAGES']} | {'textclip'}
    for o in ('torch', 'numpy', 'transformers'): installed_with(o, there)
    gone = [k for k,names in packages_distributions().items() if there.isdisjoint(map(one_spelling, names))]
    assert {'PIL', 'torchvision', 'pandas', 'datasets', 'timm', 'scipy', 'pyarrow'} <= {*gone}
    arguments = json.dumps([str(ROOT), str(STAGE/'__main__.py'), gone])
    found = subprocess.run([sys.executable, '-c', BARE, arguments], capture_output=True, text=True)
    assert not found.returncode, found.stderr[-3000:]
    rows = json.loads(found.stdout.splitlines()[-1])
    assert len(rows)==13 and not [r for r in rows if r[1]], rows

def test_faults_are_one_line(tmp_path):
    "A folder that is there is not packed into; an unknown size ends without a traceback"
    packed = subprocess.run([sys.executable, str(STAGE/'pack.py'), str(tmp_path)], capture_output=True, text=True)
    assert packed.returncode==1 and 'is there already' in packed.stderr and not [*tmp_path.iterdir()]
    options = ['--size=nope', '--device=cpu', f'--out={tmp_path}/rows.json']
    ran = subprocess.run([sys.executable, str(STAGE), *options], capture_output=True, text=True)
    assert ran.returncode==1 and "Unknown size 'nope'" in ran.stderr and 'Traceback' not in ran.stderr, ran.stderr
    (tmp_path/'page.json').write_text('<html>')
    ran = subprocess.run([sys.executable, str(STAGE), '--resume', f'--out={tmp_path}/page.json'], capture_output=True, text=True)
    assert ran.returncode==1 and 'holds no rows of an earlier run' in ran.stderr and 'Traceback' not in ran.stderr
