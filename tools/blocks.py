"Does the Python in the prose of notebooks exist? Fenced blocks and calls between backticks are read, not run"
import ast, builtins, json, re
from files import ROOT, cfg, notebooks

FENCED,INLINE = re.compile(r'```python\n(.*?)```', re.S),re.compile(r'(?<!`)`([A-Za-z_]\w*\([^`]*\))`(?!`)')

def package():
    "Name -> definitions of it at the top of modules (none for a variable), and the names of all methods"
    known,attributes = {},set()
    for path in sorted(cfg.lib_path.rglob('*.py')):
        if path.name=='_modidx.py': continue
        tree = ast.parse(path.read_text(encoding='utf-8'))
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)): known.setdefault(node.name, []).append(node)
            if isinstance(node, ast.Assign):
                for name in (n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)): known.setdefault(name, [])
        patched = [n for n in tree.body if isinstance(n, ast.FunctionDef) and any('patch' in ast.unparse(d) for d in n.decorator_list)]
        inside = [f for c in tree.body if isinstance(c, ast.ClassDef) for f in c.body if isinstance(f, ast.FunctionDef)]
        attributes |= {f.name for f in [*patched, *inside]}
    return known, attributes

def arguments(node, known):
    "Names of the arguments that a function or a dataclass takes by keyword; None where any will do or nobody can tell"
    if isinstance(node, ast.FunctionDef):
        return None if node.args.kwarg else {a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]}
    if not isinstance(node, ast.ClassDef) or not any('dataclass' in ast.unparse(d) for d in node.decorator_list): return None
    found = {s.target.id for s in node.body if isinstance(s, ast.AnnAssign)}
    for base in node.bases:
        for above in known.get(getattr(base, 'id', None), []): found |= arguments(above, known) or set()
    return found

def taken_by(name, known):
    "Arguments that the definitions of a name take together; None where any will do or nobody can tell"
    each = [arguments(node, known) for node in known.get(name, [])]
    return None if not each or None in each else set().union(*each)

def bound(tree):
    "Names that a block defines itself"
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    made = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    imported = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
    return stored | made | imported | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}

def wrong_calls(tree, known, attributes):
    "What a block calls that does not exist, and arguments that are not taken"
    own = bound(tree)
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        name = getattr(call.func, 'id', None)
        if name is None or name in own or hasattr(builtins, name): continue
        if name not in known and name not in attributes:
            yield f'calls {name}(), which does not exist'
            continue
        taken = None if name in attributes else taken_by(name, known)       # `fit(...)` may be anybody's
        gone = [k.arg for k in call.keywords if k.arg and taken is not None and k.arg not in taken]
        if gone: yield f'{name}() takes no {gone[0]!r}'

def look(text, known, attributes):
    "Faults in the Python of one cell of prose"
    for block in FENCED.findall(text):
        try: tree = ast.parse(block)
        except SyntaxError as e: yield f'a block is no Python ({e.msg}, line {e.lineno})'
        else: yield from wrong_calls(tree, known, attributes)
    for call in INLINE.findall(re.sub(r'(?s)```.*?```', '', text)):
        try: tree = ast.parse(call)
        except SyntaxError: continue              # a shape such as f(a, b; c) is no code
        yield from wrong_calls(tree, known, attributes)

def faults():
    "A line for each fault in the prose of all notebooks"
    known,attributes = package()
    bad = []
    for nb in notebooks():
        for c in json.loads(nb.read_text(encoding='utf-8'))['cells']:
            if c['cell_type']!='markdown': continue
            where = f"{nb.relative_to(ROOT).as_posix()} · cell {c['id']}"
            bad += [f'{where}: {o}' for o in look(''.join(c['source']), known, attributes)]
    return bad
