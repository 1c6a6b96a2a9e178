"""Every row of the GPU page, measured by one command on a machine with only PyTorch, NumPy and transformers

    python gpu_stage [--device cuda] [--size full] [--amp bfloat16] [--limit 420] [--out gpu_speed.json]
    python gpu_stage --tests                           the tests that want a GPU

The rows are measured in a process of their own. Where it ends (a GPU that gave up, no memory), another one goes on
behind the row that was under way. Whoever was sent away copies the file and begins with --resume.
"""
import argparse, importlib.machinery, importlib.util, json, subprocess, sys, time, types
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNUSED = 'PIL','torchvision','pandas','datasets'   # imported here, and used by nothing that is measured
TESTS_WANT = 'torchvision PIL pandas scipy sklearn matplotlib pyarrow'.split()

class Absent(type):
    "The class of whatever is looked up in a package that is not there"
    def __getattr__(cls, name):
        if name.startswith('__'): raise AttributeError(name)
        return Absent(name, (), {})
    def __call__(cls, *args, **kwargs): return type.__call__(cls)
    def __or__(cls, other): return cls
    __ror__ = __or__

class AbsentModule(types.ModuleType):
    "A module in the place of one that is not there: names can be imported, not used"
    __path__,__version__ = [],'0'
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return Absent(name, (), {})

class StandIns(MetaPathFinder, Loader):
    "Comes last, so a package that is there is taken"
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in UNUSED: return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec): return AbsentModule(spec.name)
    def exec_module(self, module): pass

def measure(o):
    "One process: rows until all are there"
    sys.meta_path.append(StandIns())
    from textclip.core.basics import TextclipError
    from textclip.benchmark.speed_cases import save_speed
    def report(row): print(json.dumps(row), flush=True)
    how = dict(device=o.device, size=o.size, amp=o.amp or None, repeats=o.repeats, limit=o.limit, resume=o.resume)
    try: save_speed(o.out, report=report, **how)
    except (TextclipError, RuntimeError) as e: sys.exit(f'gpu_stage: {e}')

def readable(path):
    "An end with a line where a file holds no rows to go on behind"
    try: rows = json.loads(path.read_text())['rows']
    except (ValueError, KeyError, TypeError): rows = None
    if not isinstance(rows, list): sys.exit(f'{path} holds no rows of an earlier run; name another file with --out.')

def stage(o):
    "Processes that measure, one after another until one comes to the end; the number of rows with an error"
    end,begun,out = time.monotonic()+o.limit,time.monotonic(),Path(o.out)
    options = [f'--{k}={getattr(o, k)}' for k in ('device','size','amp','out','repeats')]
    resume = ['--resume'] if o.resume else []
    if o.resume and out.exists(): readable(out)
    for _ in range(20):
        left = max(1., end-time.monotonic())
        run = [sys.executable, str(HERE), '--measure', f'--limit={left:.0f}', *options, *resume]
        try: code = subprocess.run(run, timeout=max(1., end+o.grace-time.monotonic())).returncode
        except subprocess.TimeoutExpired: code = 'time'
        if code==0 or not out.exists() or time.monotonic()>=end+o.grace: break
        print(f'The process ended ({code}); another one goes on.', flush=True)
        resume = ['--resume']
    if not out.exists(): sys.exit('Nothing was measured.')
    found = json.loads(out.read_text())
    packed = HERE/'commit'                               # not there where it is run from a clone
    if packed.exists(): found['manifest']['commit'] = packed.read_text() or None
    if found['begun']: found['rows'].append(dict(case=found.pop('begun'), error='stopped: the time was over'))
    out.write_text(json.dumps(found, indent=1))
    failed = [r for r in found['rows'] if r.get('error')]
    print(f"{len(found['rows'])} rows in {time.monotonic()-begun:.0f} seconds, {len(failed)} without a figure: {out}")
    for r in failed: print(f"  {r['case']}: {r['error']}")

def tests(o):
    "The tests that want a GPU; where a package is missing, those that do without it"
    sys.path.insert(1, str(HERE/'for_tests'))
    gone = [k for k in TESTS_WANT if importlib.util.find_spec(k) is None]
    if gone: print(f"Not installed here, so some tests cannot be read: {', '.join(gone)}.")
    import pytest
    options = ['-q', '-p', 'no:cacheprovider', '--continue-on-collection-errors', '--rootdir', str(HERE)]
    sys.exit(pytest.main([str(HERE/'tests'), '-m', o.marked, *options]))

if __name__=='__main__':
    p = argparse.ArgumentParser(prog='gpu_stage')
    p.add_argument('--device', default='cuda')
    p.add_argument('--size', default='full')
    p.add_argument('--amp', default='bfloat16', help='"" for none')
    p.add_argument('--repeats', default=3, type=int, help='calls of a case that count')
    p.add_argument('--limit', default=420, type=float, help='seconds after which no case is begun')
    p.add_argument('--grace', default=60, type=float, help='seconds that the last case may take longer')
    p.add_argument('--out', default='gpu_speed.json')
    p.add_argument('--resume', action='store_true', help='go on behind the rows of --out')
    p.add_argument('--tests', action='store_true', help='run the tests instead')
    p.add_argument('--marked', default='gpu', help='which tests, as for pytest -m')
    p.add_argument('--measure', action='store_true', help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.tests: tests(o)
    elif o.measure: measure(o)
    else: stage(o)
