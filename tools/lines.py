"""Can every line be read? One decision a line, at most 120 characters: ruff and two rules of our own

`python tools/lines.py` lists all faults by notebook; `--names` only the notebooks that have any.
"""
import ast, json, re, shutil, subprocess, sys
from collections import defaultdict
from pathlib import Path
from fastcore.script import call_parse
from cells import parse
from files import MARK, ROOT, cfg, notebooks

LENGTH,NAMES = 120,4
SELECT = 'E501,E9,F,B'   # long lines, syntax, undefined and unused names, bugbear's traps
IGNORE = {'F811': '@patch and sections of a page define a name again',
          'F403': 'stars: tests/test_layout.py says which may be', 'F405': 'the same',
          'B008': "typer's defaults are calls", 'B905': 'zip of lengths that may differ is meant',
          'B011': '`assert False` in a stand-in says that nothing may call it'}
BY_FILE = {'*.ipynb': 'B023',     # `test_fail(lambda: f(bad))` in a loop is called at once; modules are checked
           '__init__.py': 'F401', '00_*.ipynb': 'F401'}   # faces pass names on

def ruff():
    "Where ruff is: beside this Python, or on the path"
    beside = Path(sys.executable).with_name('ruff')
    found = str(beside) if beside.exists() else shutil.which('ruff')
    if not found: raise SystemExit("ruff is not here: pip install -e '.[dev]'")
    return found

def source(path):
    "The notebook a module is made from, or the file itself; both as seen from the root"
    if path.suffix=='.py':
        made = re.search(rf'{re.escape(MARK)} File to edit: (\S+?)\.?\s', path.read_text(encoding='utf-8')[:2000])
        if made: path = (path.parent/made[1]).resolve()
    return path.relative_to(ROOT).as_posix()

def generated_list(path, row):
    "Is it the first line of `__all__`, which nbdev makes longer than the others?"
    return path.suffix=='.py' and path.read_text(encoding='utf-8').splitlines()[row-1].startswith('__all__ = [')

def ruff_faults():
    "notebook -> what ruff finds in it or in its module, a line each"
    ignore = [f'--per-file-ignores={pattern}:{code}' for pattern,code in BY_FILE.items()]
    command = [ruff(), 'check', '--isolated', '--no-cache', '--line-length', str(LENGTH), '--select', SELECT,
               '--ignore', ','.join(IGNORE), *ignore, '--exclude', '_modidx.py,*.pyi', '--output-format', 'json',
               str(cfg.nbs_path), str(cfg.lib_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1): raise SystemExit(done.stderr)
    bad = defaultdict(list)
    for o in json.loads(done.stdout):
        path = Path(o['filename'])
        name = path.relative_to(ROOT).as_posix()
        if o['code']=='E501' and generated_list(path, o['location']['row']): continue
        where = f"{name} · cell {o['cell']}" if o.get('cell') else name
        bad[source(path)].append(f"{where}, line {o['location']['row']}: {o['code']} {o['message']}")
    return bad

def nested(tree):
    "Lines of conditional expressions within a conditional expression in `tree`"
    outer = [n for n in ast.walk(tree) if isinstance(n, ast.IfExp)]
    return sorted({n.lineno for o in outer for n in ast.walk(o) if n is not o and isinstance(n, ast.IfExp)})

def crowded(tree):
    "Lines that assign four names or more at once"
    targets = [(n.lineno, t) for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets]
    return sorted({line for line,t in targets if isinstance(t, (ast.Tuple, ast.List)) and len(t.elts)>=NAMES})

def own_faults(nb):
    "What our own rules find in the notebook, a line each"
    bad = []
    for c in json.loads(nb.read_text(encoding='utf-8'))['cells']:
        if c['cell_type']!='code': continue
        where = f"{nb.relative_to(ROOT).as_posix()} · cell {c['id']}"
        tree = ast.Module(parse(''.join(c['source'])), [])
        bad += [f'{where}, line {n}: a conditional within a conditional; write two statements' for n in nested(tree)]
        bad += [f'{where}, line {n}: {NAMES} names or more in one assignment; write a line each' for n in crowded(tree)]
    return bad

def all_faults():
    "notebook -> its faults"
    bad = ruff_faults()
    for nb in notebooks(): bad[nb.relative_to(ROOT).as_posix()] += own_faults(nb)
    return {k: v for k,v in sorted(bad.items()) if v}

def faults(): return [line for v in all_faults().values() for line in v]

@call_parse
def main(names:bool=False): # Only the names of notebooks with a fault
    "List what is hard to read, by notebook"
    for k,v in all_faults().items(): print(k if names else '\n'.join(v))
