"""Write the stubs (.pyi): what type checkers and editors see of the faces, and of classes whose methods are patched on

A face loads its names when they are first used, and `@patch` puts a method into its class when the module is run: a
checker sees neither. So each face gets a stub that imports its names by module, and each module that patches classes of
its own gets one in which every method stands in its class. Nothing is run; the modules are only parsed.
"""
import ast
from fastcore.script import call_parse
from files import MARK, cfg, generated, write_or_check

HEAD = f'# {MARK} Made by tools/stubs.py from {{}}\n'
KINDS = {ast.Tuple: 'tuple[Any, ...]', ast.List: 'list[Any]', ast.Dict: 'dict[Any, Any]', ast.Set: 'set[Any]'}

def parsed(path): return ast.parse(path.read_text(encoding='utf-8'))
def expression(text): return ast.parse(text, mode='eval').body
def private(name): return name.startswith('_') and not name.startswith('__')

def parts(tree):
    "The literal table `_parts` of a face: module -> names; None where there is none"
    found = None
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, 'target', None)
        if getattr(target, 'id', '')=='_parts': found = (found or {}) | ast.literal_eval(node.value)
    return found

def rooms(tree):
    "The literal set `_rooms` of the front door, sorted"
    found = [n.value for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], 'id', '')=='_rooms']
    return sorted(ast.literal_eval(found[0])) if found else []

def face_stub(path):
    "The text of a face's stub, or None where the file is no face"
    tree = parsed(path)
    table = parts(tree)
    if table is None: return None
    lines = [f'from . import {o} as {o}' for o in rooms(tree)]
    lines += [f'from .{module} import {name} as {name}' for module,names in table.items() for name in names]
    if path.parent==cfg.lib_path: lines.append('__version__: str')
    return HEAD.format('_parts') + '\n'.join(lines) + '\n'

def kind_of(value):
    "The type of a value, as far as it can be read off"
    if isinstance(value, ast.Constant) and value.value is not None: return type(value.value).__name__
    return KINDS.get(type(value), 'Any')

def declared(node):
    "A public variable with its type; nothing where it is private or no plain name"
    name = getattr(node.targets[0], 'id', None)
    if name is None or name.startswith('_'): return []
    return [ast.AnnAssign(ast.Name(name), expression(kind_of(node.value)), None, simple=1)]

def field(node):
    "A field of a dataclass; its default is only said to be there"
    value = node.value
    if isinstance(value, ast.Call) and getattr(value.func, 'id', '')=='field':
        words = {k.arg for k in value.keywords}
        if 'init' in words: return node
        value = ast.Constant(...) if words & {'default','default_factory'} else None
    elif value is not None: value = ast.Constant(...)
    return ast.AnnAssign(node.target, node.annotation, value, node.simple)

def argument(arg, default):
    "The annotation of an argument: None is allowed where it is the default"
    if isinstance(arg.annotation, ast.Constant) and isinstance(arg.annotation.value, str):
        arg.annotation = expression(arg.annotation.value)
    none = isinstance(default, ast.Constant) and default.value is None
    if arg.annotation is not None and none:
        arg.annotation = ast.BinOp(arg.annotation, ast.BitOr(), ast.Constant(None))

def function(node, decorators=()):
    "A function without its body, its defaults only said to be there"
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    for arg,default in zip(positional[len(positional)-len(a.defaults):], a.defaults): argument(arg, default)
    for arg,default in zip(a.kwonlyargs, a.kw_defaults): argument(arg, default)
    a.defaults = [ast.Constant(...) for _ in a.defaults]
    a.kw_defaults = [None if d is None else ast.Constant(...) for d in a.kw_defaults]
    node.body = [ast.Expr(ast.Constant(...))]
    node.decorator_list = [ast.Name(o) for o in decorators] or node.decorator_list
    return node

def patched(node):
    "(class, method) of a function that is patched on, else None"
    for d in node.decorator_list:
        call = d if isinstance(d, ast.Call) else None
        if getattr(call.func if call else d, 'id', '')!='patch': continue
        words = {k.arg for k in call.keywords} if call else set()
        to = getattr(node.args.args[0].annotation, 'id', None)
        node.args.args[0].annotation = None
        kinds = [name for word,name in (('as_prop','property'), ('cls_method','classmethod')) if word in words]
        node.decorator_list = []
        return to, function(node, kinds)

def class_stub(node, methods):
    "A class with the methods of its body and those patched on; a later one of a name replaces an earlier"
    body,own = [],{}
    for o in node.body:
        if isinstance(o, ast.AnnAssign): body.append(field(o))
        elif isinstance(o, ast.Assign): body += declared(o)
        elif isinstance(o, ast.FunctionDef) and not private(o.name): own[o.name] = function(o)
    own |= {m.name: m for m in methods if not private(m.name)}
    node.body = [*body, *own.values()] or [ast.Expr(ast.Constant(...))]
    return node

def module_stub(path):
    "The text of a module's stub, or None where it patches no class of its own"
    tree = parsed(path)
    classes = {n.name for n in tree.body if isinstance(n, ast.ClassDef)}
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    found = [(n, patched(n)) for n in functions]
    methods = [p for _,p in found if p is not None and p[0] in classes]
    if not methods: return None
    free = {n for n,p in found if p is None and not n.name.startswith('_')}
    body = []
    for n in tree.body:
        if isinstance(n, (ast.Import, ast.ImportFrom)): body.append(n)
        elif isinstance(n, ast.Assign): body += declared(n)
        elif n in free: body.append(function(n))
        elif isinstance(n, ast.ClassDef): body.append(class_stub(n, [m for name,m in methods if name==n.name]))
    text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    return HEAD.format(path.name) + 'from typing import Any\n' + text + '\n'

def build():
    "What the stubs should hold, and those there are"
    modules = sorted(p for p in cfg.lib_path.rglob('*.py') if p.name!='_modidx.py')
    texts = {p: (face_stub if p.name=='__init__.py' else module_stub)(p) for p in modules}
    want = {p.with_suffix('.pyi'): t.encode() for p,t in texts.items() if t is not None}
    return want, generated(cfg.lib_path, '*.pyi')

@call_parse
def main(check:bool=False): # Only name what is out of date, exit with status 1
    "Write the stubs of the package"
    write_or_check(*build(), check, 'python tools/stubs.py')
