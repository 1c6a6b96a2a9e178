"The code cells of a notebook and what they are for"
import ast, re
from fastcore.basics import AttrDict
from nbdev.process import NBProcessor
from files import cfg

EXPORTS,IMPORTS = {'export','exports','exporti','default_exp'},(ast.Import, ast.ImportFrom)
FLAGS = cfg.tst_flags.split()

def parse(src):
    "Statements of `src`, none where it is not plain Python (magics)"
    try: return ast.parse(src).body
    except SyntaxError: return []

def read_cells(path):
    "The code cells at `path` with what decides their fate, and the module they export to"
    heads,mod,cells = [''],None,[]
    for c in NBProcessor(path).nb.cells:
        d = c.directives_
        if c.cell_type=='markdown':
            heads += re.findall(r'^## +(.+?)(?: -)?\s*$', re.sub(r'(?s)```.*?```', '', c.source), re.M)
        elif c.cell_type=='code' and d.get('eval:', [''])[0].lower()!='false':
            if 'default_exp' in d: mod = d['default_exp'][0]
            if tree := parse(c.source):
                cells.append(AttrDict(sec=len(heads)-1, head=heads[-1], id=c.id, src=c.source.strip(), tree=tree,
                    exported=bool(EXPORTS & d.keys()), flags=frozenset(FLAGS).intersection(d),
                    imports=all(isinstance(o, IMPORTS) for o in tree)))
    return mod, cells

def names(trees):
    "Every name that statements in `trees` mention"
    return {n.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Name)}

def defined(stmt):
    "Names a top-level statement other than an import binds"
    if hasattr(stmt, 'name'): return {stmt.name}
    local = {id(n) for c in ast.walk(stmt) if isinstance(c, ast.comprehension) for n in ast.walk(c.target)}
    found = {n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in local}
    return found | {(a.asname or a.name).split('.')[0] for n in ast.walk(stmt) if isinstance(n, IMPORTS) for a in n.names}

def asserts(cells):
    "Does anything in `cells` check a result?"
    called = (getattr(f, 'id', getattr(f, 'attr', '')) for c in cells for t in c.tree for n in ast.walk(t)
              if isinstance(n, ast.Call) for f in [n.func])
    return (any(isinstance(n, ast.Assert) for c in cells for t in c.tree for n in ast.walk(t))
            or any(re.match(r'test_|assert|raises$|ExceptionExpected|expect_fail', o) for o in called))
