"Is all that is made from the notebooks in sync, and are they pleasant to read? Says what is not and which command mends it; changes nothing"
import os, shutil, subprocess, sys, tempfile
from pathlib import Path
from fastcore.script import call_parse
import export_tests, habits, lines, readme, stubs
from files import ROOT, cfg, drift, generated, notebooks

def in_copy(code, *files):
    "Run Python `code` in a copy of the project that holds `files`; its notebooks and modules then, path -> bytes"
    with tempfile.TemporaryDirectory() as d:
        for f in [ROOT/'settings.ini', *files]:
            to = Path(d)/f.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(f, to)
        env = {k:v for k,v in os.environ.items() if k not in ('IN_TEST','PYTHONPATH')}   # IN_TEST turns nbdev_export off
        subprocess.run([sys.executable, '-c', code], cwd=d, env=env, check=True)
        return {ROOT/f.relative_to(d): f.read_bytes() for f in sorted(Path(d).rglob('*')) if f.suffix in ('.py','.ipynb')}

def exports():
    "What the modules should hold, and modules that no notebook exports"
    made = generated(cfg.lib_path, '*.py')
    modules = [f for f in cfg.lib_path.rglob('*.py') if f not in made and f.name!='_modidx.py']
    after = in_copy('from nbdev.doclinks import nbdev_export; nbdev_export.__wrapped__()', *notebooks(), *modules)
    return {p:b for p,b in after.items() if p.suffix=='.py'}, made

def clean():
    "What the notebooks should hold"
    after = in_copy('from nbdev.clean import nbdev_clean; nbdev_clean.__wrapped__()', *notebooks())
    return {p:b for p,b in after.items() if p.suffix=='.ipynb'}, []

def site():
    "What docs/ should hold, if anything has changed since it was built; where other tools built it, only its notebooks count"
    import docs
    if docs.untouched(): return {}, []
    return docs.build() if docs.same_tools() else docs.changed()

SYNC = {'exports': (exports, 'nbdev_export'), 'stubs': (stubs.build, 'python tools/stubs.py'), 'clean': (clean, 'nbdev_clean'), 'tests': (export_tests.build, 'python tools/export_tests.py'),
        'readme': (readme.build, 'python tools/readme.py'), 'docs': (site, 'make docs')}
LOOK = {'habits': habits.faults, 'lines': lines.faults}
CHECKS = [*SYNC, *LOOK]

def problems(name):
    "One line for each thing that check `name` finds"
    if name in LOOK: return LOOK[name]()
    build,fix = SYNC[name]
    also = '' if name=='docs' else ' (or `make export`)'
    return [f'{p.relative_to(ROOT)} {why}; run `{fix}`{also}' for p,why in drift(*build()).items()]

@call_parse
def main(name:str=None): # One of exports, stubs, clean, tests, readme, docs, habits, lines (default: all)
    "Check that modules, notebooks, tests, README and site are in sync, and that the notebooks are pleasant to read"
    bad = [o for n in ([name] if name else CHECKS) for o in problems(n)]
    if name in (None, 'habits'): print(*habits.warnings(), sep='\n', file=sys.stderr)
    if bad: raise SystemExit('\n'.join(bad))
    print('Everything is in sync.')
