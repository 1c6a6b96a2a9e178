"What a module imports is declared, what is declared can be installed from the lock, and setting up says in one sentence what stands in its way"
import ast, os, re, subprocess, sys
from importlib.metadata import packages_distributions
from pathlib import Path
import pytest, yaml
import setup_env
from check_wheel import relative_links
from files import ROOT, cfg
from packaging.requirements import Requirement

OPTIONAL = {'IPython': 'only in a notebook, which has it'}
requirements = {k.removesuffix('requirements').rstrip('_'): [Requirement(o) for o in cfg[k].split()] for k in cfg.d if k.endswith('requirements')}
normal = lambda name: re.sub(r'[-_.]+', '-', name).lower()
declared = {extra: {normal(r.name) for r in rs} for extra,rs in requirements.items()}

def imports(path):
    "(top-level package, is it imported when the module is?) for each import of others' packages in a file"
    tree = ast.parse(path.read_text(encoding='utf-8'))
    at_once = {id(n) for s in tree.body if not isinstance(s, (ast.FunctionDef, ast.ClassDef)) for n in ast.walk(s)}
    for n in ast.walk(tree):
        names = [a.name for a in n.names] if isinstance(n, ast.Import) else [n.module] if isinstance(n, ast.ImportFrom) and not n.level else []
        yield from ((o.split('.')[0], id(n) in at_once) for o in names)

def asked_for(path):
    "Package -> extra that the file's calls of `need_package` name"
    calls = (n for n in ast.walk(ast.parse(path.read_text(encoding='utf-8'))) if isinstance(n, ast.Call) and getattr(n.func, 'id', '')=='need_package')
    return {c.args[0].value: c.args[1].value for c in calls if all(isinstance(a, ast.Constant) for a in c.args[:2])}

HOMES = packages_distributions()
MODULES = sorted(cfg.lib_path.rglob('*.py'))

@pytest.mark.parametrize('path', MODULES, ids=[f.relative_to(ROOT).as_posix() for f in MODULES])
def test_imports_are_declared(path):
    guarded, bad = asked_for(path), []
    for package,at_once in imports(path):
        if package in sys.stdlib_module_names or package==cfg.lib_name: continue
        names = {normal(o) for o in HOMES.get(package, [package])}
        if names & declared[''] or package in OPTIONAL and not at_once: continue
        extra = guarded.get(package)
        if at_once or extra is None or not names & declared[extra]: bad.append(package)
    assert not bad, f'{path.relative_to(ROOT)} imports {bad}: put it into settings.ini, or import it in a function by need_package with the extra that has it'

def test_each_extra_asked_for_exists():
    asked = {(package,extra) for f in MODULES for package,extra in asked_for(f).items()}
    assert {extra for _,extra in asked} <= set(declared), asked
    assert len({extra for _,extra in asked})>=5      # the search itself finds something

def test_ranges_have_a_floor_and_the_lock_keeps_them():
    locked = re.findall(r'(?m)^([A-Za-z0-9_.-]+)==([^\s;]+)(?: ; (.*?))? \\$', (ROOT/'requirements.lock').read_text())
    for extra,rs in requirements.items():
        for r in rs:
            if extra=='browse': continue             # Chromium is a download of its own: `make browse` installs it
            versions = [v for n,v,_ in locked if n==normal(r.name)]
            assert versions, f'{r.name} is not in requirements.lock: run `make lock`'
            assert all(r.specifier.contains(v) for v in versions), f'{r} is not what requirements.lock has, {versions}: run `make lock`'
    for extra,rs in requirements.items():
        floors = {normal(r.name) for r in rs if any(s.operator=='>=' for s in r.specifier)}
        assert declared[extra]-floors <= declared[''], f'no lower bound: {declared[extra]-floors}'

def test_lock_names_hashes_and_no_place():
    lock = (ROOT/'requirements.lock').read_text()
    assert '://' not in lock and '--index' not in lock and str(ROOT) not in lock
    for block in re.split(r'(?m)^(?=\w)', lock)[1:]: assert '--hash=sha256:' in block, block[:80]

def test_python_versions():
    oldest = setup_env.oldest_python()
    assert oldest==cfg.min_python and f'Python {oldest} to ' in (ROOT/'README.md').read_text(encoding='utf-8')

# %% Setting up

def test_set_up_is_readable_by_old_pythons():
    tree = ast.parse((ROOT/'tools/setup_env.py').read_text())
    new = [type(n).__name__ for n in ast.walk(tree) if isinstance(n, (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef))]
    new += [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and (n.returns or n.args.kwonlyargs or any(a.annotation for a in n.args.args))]
    new += [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ('DEVNULL', 'which', 'makedirs')]   # Python 2.7 lacks them, or their arguments
    new += ['subprocess.run' for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr=='run']
    packages = {o for o,_ in imports(ROOT/'tools/setup_env.py')}
    assert not new and packages <= {'os','re','subprocess','sys'}, (new, packages)

@pytest.mark.parametrize('version', ['2.7.18', '3.6.15', '3.9.18', '3.10.13'])
def test_old_python(version):
    with pytest.raises(setup_env.Stop, match=rf'Python 3\.11 or newer is needed, and /old/python is Python {re.escape(version)}\.'): setup_env.check_python(version, '/old/python', '3.11')

@pytest.mark.parametrize('version', ['3.11.0', '3.13.1', '3.14.0', '4.0.0'])
def test_new_python(version): setup_env.check_python(version, '/python', '3.11')

SAID = {
    'full disk': ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", 'The disk is full'),
    'no network': ("WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<conn>: Failed to establish a new connection: [Errno -3] Temporary failure in name "
        "resolution')': /simple/accelerate/\nERROR: No matching distribution found for accelerate==1.15.0", 'index cannot be reached'),
    'wrong machine': ('ERROR: Could not find a version that satisfies the requirement torch==2.14.1 (from versions: none)\nERROR: No matching distribution found for torch==2.14.1', 'has no torch==2.14.1 for this Python'),
    'changed file': ('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    six==1.17.0 from some/where/six-1.17.0.whl:\n        Expected sha256 47\n             Got        00', '(six==1.17.0)'),
    'no venv': ('The virtual environment was not created successfully because ensurepip is not\navailable.  On Debian/Ubuntu systems, you need to install the python3-venv', 'apt-get install python3-venv'),
    'no module venv': ("/usr/bin/python3: No module named venv", 'apt-get install python3-venv'),
    'not ours': ("Error: [Errno 13] Permission denied: '/srv/textclip/.venv'", 'cannot be written to'),
    'something else': ('hm\nERROR: the moon is in the wrong house.\nhint: wait', 'Setting up failed: ERROR: the moon is in the wrong house.')}

@pytest.mark.parametrize('case', SAID)
def test_one_sentence(case):
    said,words = SAID[case]
    sentence = setup_env.meaning(said, '.venv')
    assert words in sentence and '\n' not in sentence and ('same command again' in sentence or case=='wrong machine'), sentence

@pytest.mark.parametrize('left', ['nothing', 'an empty folder', 'a Python that does not start'])
def test_half_made_environment_is_made_anew(left, tmp_path, monkeypatch):
    venv,made = tmp_path/'.venv',[]
    if left!='nothing': (venv/'bin').mkdir(parents=True)
    if left=='a Python that does not start': (venv/'bin/python').symlink_to(tmp_path/'gone')
    monkeypatch.setattr(setup_env, 'run', lambda venv,*command: made.append(command) or '3.12.1')
    monkeypatch.setattr(setup_env, 'works', lambda python: bool(made))
    assert setup_env.make_environment(str(venv))==str(venv/'bin/python')
    assert made[0][1:4]==('-m','venv','--clear')

# %% What a package index shows

def test_relative_links_are_seen():
    text = 'a [b](nbs/c.ipynb) and <img src="nbs/d.png"> but [e](https://example.org/f) [g](#h)\n```\n[i](j.md)\n```\n'
    assert relative_links(text)==['nbs/c.ipynb','nbs/d.png']

def test_description_links_lead_somewhere(tmp_path):
    code = 'import setuptools; setuptools.setup = lambda **k: print(k["long_description"]); exec(open("setup.py").read(), dict(__file__="setup.py"))'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | dict(PYTHONIOENCODING='utf-8'))
    urls = re.findall(r'https://[^\s)">]+', done.stdout)
    here = [u for u in urls if u.startswith((f'{cfg.git_url}/blob/{cfg.branch}/', f'{cfg.git_url}/raw/{cfg.branch}/'))]
    assert not relative_links(done.stdout) and len(here)>20
    gone = [u for u in here if not (ROOT/u.split(f'/{cfg.branch}/', 1)[1].split('#')[0]).exists()]
    assert not gone, gone

# %% Workflows

WORKFLOWS = sorted((ROOT/'.github/workflows').glob('*.yaml'))

def faults_of(workflow):
    "What a workflow must not do, and what it names that is not here; GitHub's own rules are checked by actionlint (job lint)"
    text = workflow if isinstance(workflow, str) else workflow.read_text()
    made = yaml.safe_load(text)
    steps = [s for job in made['jobs'].values() for s in job['steps']]
    targets = set(re.findall(r'(?m)^([a-z-]+(?: [a-z-]+)*):(?!=)', (ROOT/'Makefile').read_text()))
    targets = {t for line in targets for t in line.split()}
    bad = [f'{s["uses"]} is not pinned to a commit' for s in steps if 'uses' in s and not re.search(r'@[0-9a-f]{40}$', s['uses'])]
    bad += [f'make {t}: no such target' for s in steps for t in re.findall(r'\bmake ([a-z-]+)', s.get('run', '')) if t not in targets]
    bad += [f'job {name} has no timeout' for name,job in made['jobs'].items() if 'timeout-minutes' not in job]
    bad += ['permissions are not restricted'] if 'permissions' not in made else []
    pythons = {str(o) for job in made['jobs'].values() for o in job.get('strategy', {}).get('matrix', {}).get('python', [])}
    bad += [f'Python {p} is older than settings.ini allows' for p in pythons if setup_env.numbers(p)<setup_env.numbers(cfg.min_python)]
    events = made.get('on', made.get(True))          # YAML takes the word `on` for true
    paths = [p for event in events.values() if isinstance(event, dict) for p in event.get('paths', [])]
    paths += [s['with']['cache-dependency-path'] for s in steps if 'cache-dependency-path' in s.get('with', {})]
    return bad + [f'{p} is not here' for p in paths if not list(ROOT.glob(p))]

@pytest.mark.parametrize('path', WORKFLOWS, ids=[p.stem for p in WORKFLOWS])
def test_workflow(path): assert not faults_of(path)

def test_workflow_faults_are_seen():
    bad = '''
on: {push: {paths: [gone.ini]}}
jobs:
  a:
    strategy: {matrix: {python: ["3.10"]}}
    steps: [{uses: actions/checkout@v4}, {run: make tset}]
'''
    said = ' '.join(faults_of(bad))
    for words in ('not pinned', 'make tset', 'no timeout', 'not restricted', '3.10 is older', 'gone.ini is not here'): assert words in said, said
