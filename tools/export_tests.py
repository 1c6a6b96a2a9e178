"""Write tests/test_*.py: one module per exporting notebook, one test per `##` section that asserts something

A section's cells run in order in one function, so a section may use exported names, imports and what it defines itself.
Cells flagged `slow` or `gpu` are left out of `test_SECTION`; `test_SECTION_slow` runs the section with them.
A module of a room is named with it: `sampling.llms.load` -> tests/test_sampling_llms_load.py.
After `has_NAME = find_spec('NAME') is not None` a section is skipped where the package is missing, and says so.
Left out everywhere: exported cells, `#| eval: false`, magics, `show_doc`. The tests need neither nbdev nor IPython.
"""
import ast, io, re, textwrap, tokenize, unicodedata
from fastcore.script import call_parse
from cells import FLAGS, IMPORTS, asserts, defined, names, read_cells
from files import MARK, ROOT, cfg, generated, module_name, notebooks, write_or_check

SKIP = {'nbdev','IPython'}

def rel(nb): return nb.relative_to(ROOT).as_posix()

def slug(s):
    "A Python name from a heading"
    s = unicodedata.normalize('NFKD', s).encode('ascii', 'ignore').decode().lower()
    return re.sub(r'\W+', '_', s).strip('_') or 'section'

def indent(src):
    "`src` four spaces deeper, but for lines that begin inside a string: those would change its value"
    inside,starts = set(),[]
    for t in tokenize.generate_tokens(io.StringIO(src).readline):
        kind = tokenize.tok_name[t.type]
        if kind.endswith('STRING_START'): starts.append(t.start[0])
        first = starts.pop() if kind.endswith('STRING_END') else t.start[0]
        if kind=='STRING' or kind.endswith('STRING_END'): inside |= set(range(first+1, t.end[0]+1))
    return ''.join(l if i in inside or not l.strip() else '    '+l for i,l in enumerate(src.splitlines(True), 1))

def skipping(cell):
    "The cell's source, with a skip behind each line that looks for a package: what follows needs it"
    lines = cell.src.splitlines()
    for stmt in reversed(cell.tree):
        found = re.fullmatch(r"(has_\w+) = find_spec\('(\w+)'\) is not None", ast.unparse(stmt))
        if found: lines.insert(stmt.end_lineno, f"if not {found[1]}: pytest.skip('{found[2]} is not installed, and the rest of this section needs it')")
    return '\n'.join(lines)

def import_lines(cells, used, module):
    "Imports of the notebook, without nbdev and IPython, then the exported names that the tests use"
    mine = [c for c in cells if c.exported]
    top = [c for c in cells if c.exported or not c.sec or c.imports and not c.flags]
    stmts = [o for c in top for o in c.tree if isinstance(o, IMPORTS)]
    for o in stmts:
        if isinstance(o, ast.Import): o.names = [a for a in o.names if a.name.split('.')[0] not in SKIP]
    stmts = [ast.unparse(o) for o in stmts if o.names and (getattr(o, 'module', '') or '').split('.')[0] not in SKIP]
    own = sorted(used & {n for c in mine for o in c.tree if not isinstance(o, IMPORTS) for n in defined(o)})
    line = f"from {module} import {', '.join(own)}" if own else f'import {module}'
    if len(line)>118: line = textwrap.fill(line.replace(' import ', ' import (')+')', 118, subsequent_indent='    ')
    stmts = list(dict.fromkeys(stmts + [line]))
    stmts.sort(key=lambda o: '__future__' not in o)
    return stmts + ['display = print  # IPython has its own']*('display' in used)

def test_module(path):
    "Name and source of the test module for the notebook at `path`; None where it exports nothing or asserts nothing"
    mod,cells = read_cells(path)
    nb,secs,tests,taken,used = path.relative_to(ROOT).as_posix(),{},[],set(),set()
    for c in cells:
        skip = c.exported or c.imports and not c.flags or not c.sec or re.search(r'\b(show_doc|nbdev_export)\(', c.src)
        if not skip: secs.setdefault(c.sec, []).append(c)
    for cs in secs.values():
        head = cs[0].head
        for flags in sorted({c.flags for c in cs} | {frozenset()}, key=sorted):
            run,marks = [c for c in cs if c.flags<=flags],[f for f in FLAGS if f in flags]
            if not asserts(run): continue
            name = '_'.join(['test', slug(head), *marks])
            name = next(o for o in [name, *(f'{name}_{i}' for i in range(2,99))] if o not in taken)
            taken.add(name)
            body = '\n'.join(f'    # {nb} · {head} · cell {c.id}\n{indent(skipping(c))}' for c in run)
            deco = ''.join(f'@pytest.mark.{f}\n' for f in marks)
            tests.append(f"{deco}def {name}():\n    {f'{nb} · {head}'!r}\n{body}")
            used |= names(t for c in run for t in c.tree)
    if not (mod and tests): return None
    imps = import_lines(cells, used, module_name(mod))
    if any('pytest.' in o for o in tests): imps.insert('__future__' in imps[0], 'import pytest')
    top = [f'# {MARK} File to edit: ../{nb}', *imps, f'\nNOTEBOOK = {nb!r}']
    src = '\n\n\n'.join(['\n'.join(top), *tests]) + '\n'
    compile(src, f'the tests of {nb}', 'exec')
    return file_name(mod), src

def file_name(exp # what `default_exp` says
             ):
    "`sampling.__init__` -> test_sampling.py, `sampling.llms.load` -> test_sampling_llms_load.py"
    module = module_name(exp)
    return 'test_' + module.removeprefix(f'{cfg.lib_name}.').replace('.', '_') + '.py'

def build():
    "What the test modules should hold, and those that no notebook accounts for"
    folder,want,made = ROOT/'tests',{},{}
    for nb in notebooks():
        if not (found := test_module(nb)): continue
        name,src = found
        if name in made:
            raise SystemExit(f'The tests of {rel(nb)} and of {rel(made[name])} would both be tests/{name}: rename a module')
        made[name],want[folder/name] = nb,src.encode()
    stale = generated(folder, 'test_*.py')
    for p in want:
        if p.exists() and p not in stale:
            raise SystemExit(f'{p.relative_to(ROOT)} is written by hand, but a notebook exports to that name: rename it')
    return want, stale

@call_parse
def main(check:bool=False): # Write nothing; exit with status 1 and name what drifted
    "Write the tests that come from notebooks"
    write_or_check(*build(), check, 'python tools/export_tests.py')
