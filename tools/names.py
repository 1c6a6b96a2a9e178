"""Two lists of the whole site: every public name with what it does (`api.html`), and every page for programs that read
the documentation (`llms.txt`, in the form of llmstxt.org)"""
import ast, re
from importlib import import_module
from files import cfg
import rooms

def public_names(tree):
    "Names in `__all__` of a module"
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '')=='__all__']
    return [e.value for o in lists for e in o.elts]

def first_line(tree, name):
    "The first line of what a module says about one of its names"
    kinds = ast.FunctionDef, ast.ClassDef
    node = next((o for o in tree.body if isinstance(o, kinds) and o.name==name), None)
    return ((ast.get_docstring(node) or '') if node else '').partition('\n')[0]

def modules():
    "(name, syntax tree) of every module but faces, in the order of their files"
    for path in sorted(cfg.lib_path.rglob('*.py')):
        if path.name in ('__init__.py','_modidx.py'): continue
        name = '.'.join((cfg.lib_name, *path.relative_to(cfg.lib_path).with_suffix('').parts))
        yield name,ast.parse(path.read_text(encoding='utf-8'))

def api_list():
    "Markdown: a section a module, a line a name"
    known = import_module(f'{cfg.lib_name}._modidx').d['syms']
    lines = []
    for module,tree in modules():
        names = public_names(tree)
        if names: lines += ['', f'## {module}', '']
        for name in names:
            address = known.get(module, {}).get(f'{module}.{name}', ('',))[0].replace('.html', '.ipynb')
            shown = f'[`{name}`]({address})' if address else f'`{name}`'
            said = first_line(tree, name)
            lines.append(f'- {shown}' + (f': {said}' if said else ''))
    return '\n'.join(lines).strip()

def llms_list(entries, names, quotes, url # of the site
              ):
    "A line a page, in the order of the sidebar"
    lines = [f'# {cfg.title}', '', f'> {cfg.description}', '']
    def pages(o):
        path = o if isinstance(o, str) else o.get('href')
        if path: yield path
        for inner in [] if isinstance(o, str) else o['contents']: yield from pages(inner)
    for e in entries:
        if isinstance(e, str): continue
        lines += [f'## {e["section"]}', '']
        for path in pages(e):
            address = re.sub(r'\.\w+$', '.html', path)
            said = quotes.get(address, '')
            lines.append(f'- [{names[path]}]({url}/{address})' + (f': {said}' if said else ''))
        lines.append('')
    return '\n'.join(lines)
