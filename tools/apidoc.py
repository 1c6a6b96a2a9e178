"API documentation of a symbol as Markdown: signature, docstring, and a table made from its docments"
import ast, inspect, re, textwrap
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from itertools import groupby
from fastcore.docments import docments
from nbdev.process import Processor
from files import ROOT, cfg, module_name

NONE,STARS = inspect._empty,{inspect.Parameter.VAR_POSITIONAL: '*', inspect.Parameter.VAR_KEYWORD: '**'}

def code(s): return '`{}`'.format(s.replace('|', r'\|')) if s else ''

def type_name(anno):
    "An annotation as one would write it: `torch.Tensor` -> Tensor"
    if anno in (NONE, None): return ''
    anno = getattr(anno, '__origin__', anno) if hasattr(anno, '__metadata__') else anno   # Annotated[int, ...] -> int
    return anno if isinstance(anno, str) else anno.__name__ if inspect.isclass(anno) else str(anno).replace('typing.', '')

def default(obj, name, val):
    "The default `val` of parameter `name`, as source"
    if is_dataclass(obj):
        made = next((f.default_factory for f in fields(obj) if f.name==name), MISSING)
        if made is not MISSING: return {dict:'{}', list:'[]'}.get(made, f'{made.__name__}()')
    res = '' if val is NONE else getattr(val, '__name__', repr(val))
    return res if len(res)<=40 else res[:37]+'...'

def call(obj, name, params):
    "How `obj` is called, without types (the table has them); over several lines where it is long"
    args = []
    for k,p in params.items():
        if p.kind==p.KEYWORD_ONLY and not any(a[0]=='*' for a in args): args.append('*')
        val = default(obj, k, p.default)
        args.append(STARS.get(p.kind, '') + k + f'={val}'*bool(val))
    line = f"{name}({', '.join(args)})"
    if len(line)<=88: return line
    args = textwrap.fill(', '.join(args), 84, initial_indent='    ', subsequent_indent='    ', break_on_hyphens=False)
    return f'{name}(\n{args})'

def table(obj, params, back):
    "A row for each parameter and one for what comes back; empty where there are no docments"
    try: docs = docments(obj)
    except (OSError, TypeError, SyntaxError): return ''
    said = lambda k,p: docs.get(k) or next((m.help for m in getattr(p.annotation, '__metadata__', ()) if getattr(m, 'help', None)), '')
    rows = [(code(k), code(type_name(p.annotation)), code(default(obj, k, p.default)), said(k, p)) for k,p in params.items()]
    if docs.get('return'): rows.append(('*returns*', code(type_name(back)), '', docs['return']))
    if not any(r[3] for r in rows): return ''
    keep = [i for i in range(4) if any(r[i] for r in rows)]
    row = lambda r: '| ' + ' | '.join(' '.join((r[i] or '').split()) for i in keep) + ' |'
    return '\n'.join(['::: {.api-table}', row(('Name', 'Type', 'Default', 'Details')), '|'+'---|'*len(keep), *map(row, rows), ':::'])

def source_link(obj):
    "Link to the line in the repository where `obj` is defined, in whichever module; None where it is not ours"
    try:
        path = Path(inspect.getsourcefile(inspect.unwrap(obj))).resolve().relative_to(ROOT).as_posix()
        line = inspect.getsourcelines(obj)[1]
    except (OSError, TypeError, ValueError): return None
    return f'[source]({cfg.git_url}/blob/{cfg.branch}/{path}#L{line}){{.api-source}}'

def api_doc(module, # the module
            name,   # of a symbol in it, e.g. 'Task.split'
            brief,  # leave out the signature, as the source follows?
            taken   # ids of the notebook's own headings: a link to one of these leads to the section
           ):
    "Markdown for the symbol: heading, link to its source, signature, docstring and table"
    owner,_,attr = name.rpartition('.')
    raw = inspect.getattr_static(getattr(module, owner), attr) if owner else None
    prop = getattr(raw, 'fget', None) or getattr(raw, 'func', None)   # property, cached_property
    obj = prop or (getattr(getattr(module, owner), attr) if owner else getattr(module, name))
    try: sig = inspect.signature(obj)
    except (TypeError, ValueError): sig = inspect.Signature()
    params = {} if prop else {k:p for k,p in sig.parameters.items() if k!='self'}
    kind = 'class ' if inspect.isclass(obj) else 'property ' if prop else 'def '
    doc = inspect.cleandoc((vars(obj).get('__doc__') if inspect.isclass(obj) else obj.__doc__) or '')
    head,anchor = name.replace('_', r'\_'),f'#{name.lower()} '
    return '\n\n'.join(filter(None, [
        f"### {head} {{{'' if anchor[1:-1] in taken else anchor}.api}}",
        source_link(obj),
        None if brief else f"```python\n{kind}{name if prop else call(obj, name, params)}\n```",
        None if doc.startswith(f'{name}(') else doc,   # what dataclass says by itself
        table(obj, params, NONE if inspect.isclass(obj) else sig.return_annotation)]))

class docs_first(Processor):
    "Put the documentation of all that an exported cell defines above its source, in the order of the source"
    def begin(self):
        cells = []
        for is_doc,group in groupby(self.nb.cells, lambda c: hasattr(c, 'has_sd')):
            if not is_doc: cells += group
            else:
                source,docs = cells.pop(),list(group)[::-1]
                for c in docs: c.brief = 'exports' in source.directives_   # its source is shown: no need for a signature
                cells += [*docs, source]
        self.nb.cells = cells

class api_docs(Processor):
    "Fill `show_doc` cells from the module itself; no cell is run"
    def begin(self):
        mod = next((c.directives_['default_exp'][0] for c in self.nb.cells if 'default_exp' in c.directives_), None)
        self.taken = {re.sub(r'[^\w.-]+', '-', h.lower()).strip('-') for c in self.nb.cells if c.cell_type=='markdown'
                      for h in re.findall(r'^#+ +(.+?)(?: -)?$', c.source, re.M)}
        self.module = mod and import_module(module_name(mod))

    def cell(self, cell):
        if cell.cell_type!='code' or 'show_doc(' not in cell.source: return
        calls = [n for t in cell.parsed_() for n in ast.walk(t) if getattr(getattr(n, 'func', None), 'id', '')=='show_doc']
        if hasattr(cell, 'brief') and re.search(r'\.__\w+__$', name := ast.unparse(calls[0].args[0])):
            owner,attr = name.split('.')
            if not getattr(getattr(self.module, owner), attr).__doc__:   # a `__repr__` without a word about it
                cell.source = None
                return
        md = '\n\n'.join(api_doc(self.module, ast.unparse(o.args[0]), getattr(cell, 'brief', False), self.taken) for o in calls)
        cell.outputs = [dict(output_type='display_data', metadata={}, data={'text/markdown': md.splitlines(True)})]
