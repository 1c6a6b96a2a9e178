"""Render the notebooks to docs/: nbdev processes them, smalldocs lays them out. No Quarto, no network, no cell is run

`python tools/docs.py` writes docs/; `--check` only compares. The same notebooks give the same bytes.
"""
import hashlib, json, re, shutil, sys, tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import yaml
from execnb.nbio import mk_cell, read_nb, write_nb
from fastcore.foundation import working_directory
from fastcore.script import call_parse
from nbdev.processors import FilterDefaults, add_show_docs, exec_show_docs, mv_exports
import apidoc
from files import ROOT, cfg, notebooks, write_or_check
from links import faults

DOCS,URL,HERE = cfg.doc_path,cfg.doc_host+cfg.doc_baseurl,Path(__file__).parent
sys.path.insert(0, str(ROOT))   # API documentation comes from the modules beside the notebooks
TOOLS = ['smalldocs','nbdev','fastcore','pygments','markdown-it-py','mdit-py-plugins']   # what decides the bytes
STAMP = 'built-from.json'

def rel(nb): return nb.relative_to(cfg.nbs_path)

def plain(path):
    "The path nbdev's links use: `00a_types.ipynb` -> `types.ipynb`"
    return path.with_name(re.sub(r'^\d+[a-zA-Z0-9]*_', '', path.name))

def page(nb): return plain(rel(nb)).with_suffix('.html').as_posix()

def installed(name):
    try: return version(name)
    except PackageNotFoundError: return None

def stamp():
    "The tools and the notebooks that the site is made from"
    tools = {'python': '.'.join(map(str, sys.version_info[:2])), **{t: installed(t) for t in TOOLS}}
    return dict(tools=tools, notebooks={page(nb): hashlib.sha256(nb.read_bytes()).hexdigest() for nb in notebooks()})

def old_stamp():
    "The stamp of the site in docs/"
    return json.loads((DOCS/STAMP).read_text()) if (DOCS/STAMP).exists() else dict(tools=None, notebooks={})

def same_tools():
    "Would a build here give the bytes of docs/, if the notebooks are the same?"
    return old_stamp()['tools']==stamp()['tools']

def changed():
    "Pages whose notebook is newer than docs/, and pages without a notebook, in the form of `build`"
    old,new = old_stamp()['notebooks'],stamp()['notebooks']
    return {DOCS/p: b'' for p in new if old and old.get(p)!=new[p]}, [DOCS/p for p in old if p not in new]

# %% The sidebar

def needs(nb):
    "Pages in the same folder that the notebook imports"
    text = nb.read_text(encoding='utf-8')
    return [o for o in nb.parent.glob('*.ipynb') if o!=nb and
            re.search(rf"from {'.'.join([cfg.lib_name, *plain(rel(o)).with_suffix('').parts])} import", text)]

def order(nb):
    "Numbered notebooks by number, others after those that they import"
    depth = lambda o, *seen: 0 if o in seen else 1 + max((depth(p, o, *seen) for p in needs(o)), default=0)
    return (nb.name,) if nb.name[0].isdigit() else ('', depth(nb), nb.name)

ROOMS = {'00': 'Foundations', '01': 'Data', '02': 'Encoders', '03': '1 LLM sampling', '04': '2 Feature synthesis', '05': '3 Alignment', '06': '4 Training',
    '07': '5 Evaluation', '08': 'Benchmark', '09': 'Benchmark', '10': 'Scale'}   # by the number of a notebook
SEARCHED = 430   # characters of a section that the search looks at: so the index stays below a megabyte
FIRST = ('names_to_classifier', 'your_own', 'offline_suite', 'real_features', 'llm_strategies', 'few_shot_features', 'cache_methods', 'support_sets', 'prompt_learning', 'ship', 'encoder_methods',
    'dual_aligned_prompts', 'text_to_tags', 'multilabel', 'results')   # tutorials in the order of reading

def sidebar():
    "Sections with their pages: start, the rooms in order, a section for each other folder, and what is left"
    secs = {k: [] for k in ('Start', 'Tutorials', *(v for k,v in ROOMS.items() if k<'08'), 'Methods', 'Benchmark', 'Scale')}
    place = lambda o: FIRST.index(o.stem) if o.stem in FIRST else len(FIRST)
    for nb in sorted(notebooks(), key=lambda o: (o.name!=cfg.readme_nb, place(o), order(o))):
        folder = rel(nb).parent.as_posix()
        sec = ('Start' if nb.name==cfg.readme_nb else folder.title() if folder!='.' else ROOMS[nb.name[:2]] if nb.name[0].isdigit() else 'Project')
        secs.setdefault(sec, []).append(plain(rel(nb)).as_posix())
    last = secs.pop('Project', [])
    return [dict(section=k, contents=v) for k,v in [*secs.items(), ('Project', last)] if v]

# %% From notebooks to pages

class Procs(FilterDefaults):
    "nbdev's processors, with API documentation made from the modules instead of by running cells"
    def base_procs(self):
        swap = {add_show_docs: [add_show_docs, apidoc.docs_first], exec_show_docs: [apidoc.api_docs], mv_exports: []}
        return [p for o in super().base_procs() for p in swap.get(o, [o])]

def split_title(book):
    "Put what follows title and quote in the first text cell into a cell of its own: nbdev would drop it"
    i,c = next((i,c) for i,c in enumerate(book.cells) if c.cell_type=='markdown')
    title,rest = re.match(r'(?s)((?:# [^\n]*\n*(?:> [^\n]*\n*)*)?)(.*)', c.source).groups()
    if title and rest:
        c.source = title
        book.cells.insert(i+1, mk_cell(rest, 'markdown'))

def stage(site):
    "Put into `site` what smalldocs renders: processed notebooks under their plain names, and the configuration"
    shutil.copytree(cfg.nbs_path, site, ignore=shutil.ignore_patterns('*.ipynb', '.*'))
    for nb in notebooks():
        book,to = read_nb(nb),site/plain(rel(nb))
        split_title(book)
        Procs()(book)
        for c in book.cells:
            if c.cell_type=='markdown': c.source = re.sub(r'(\]\([^)\s]*?)\b\d+[a-zA-Z0-9]*_(\w+\.ipynb)', r'\1\2', c.source)
        book.cells[0].source = re.sub(r'output-file: .*\n', '', book.cells[0].source)
        to.parent.mkdir(parents=True, exist_ok=True)
        write_nb(book, to)
    conf = yaml.safe_load((cfg.nbs_path/'_quarto.yml').read_text(encoding='utf-8'))
    conf['project']['output-dir'] = '_site'
    conf['website'] |= {'title': cfg.title, 'description': cfg.description, 'site-url': URL, 'repo-url': cfg.git_url, 'repo-branch': cfg.branch}
    conf['website']['sidebar'] |= {'contents': sidebar()}
    (site/'_quarto.yml').write_text(yaml.safe_dump(conf, sort_keys=False), encoding='utf-8')

def run_line(nb, up):
    "How to run the notebook: a badge that opens it in Colab, and what to install there"
    repo = cfg.git_url.split('github.com/')[-1]
    colab = f'https://colab.research.google.com/github/{repo}/blob/{cfg.branch}/{cfg.nbs_path.name}/{rel(nb).as_posix()}'
    return (f'<p class="run-line"><a href="{colab}"><img src="{up}site_libs/colab.svg" alt="Open in Colab" width="117" height="20"></a> '
            f"<code>pip install '{cfg.lib_name}[offline]'</code></p>")

def finish(text, nb):
    "A rendered page with links that stay on the site, its own KaTeX, and the line that says how to run it"
    up = '../'*len(rel(nb).parent.parts)
    text = re.sub(r'https://cdn\.jsdelivr\.net/npm/katex@[\d.]+/dist/(?:contrib/)?', f'{up}site_libs/katex/', text)
    text = re.sub(rf'(?<=href="){re.escape(URL)}/(?=[\w/]+\.html)', up, text)
    text = text.replace('<img src="data:', '<img alt="Output of the cell above" src="data:')
    if not any(c.cell_type=='code' for c in read_nb(nb).cells): return text
    return re.sub(r'(?s)<header id="title-block-header".*?</header>', lambda m: m[0]+run_line(nb, up), text)

def render():
    "The site: path below docs/ -> bytes"
    if not installed('smalldocs'): raise SystemExit("smalldocs is not here: pip install -e '.[dev]', with Python 3.11 or newer")
    from smalldocs.site import build as smalldocs
    with tempfile.TemporaryDirectory() as d:
        site = Path(d)/'site'
        with working_directory(ROOT): stage(site)   # where nbdev looks for settings.ini
        if warnings := smalldocs(site, quiet=True).warnings: raise SystemExit('\n'.join(warnings))
        out = {p.relative_to(site/'_site').as_posix(): p.read_bytes() for p in sorted((site/'_site').rglob('*')) if p.is_file()}
    for nb in notebooks(): out[page(nb)] = finish(out[page(nb)].decode(), nb).encode()
    out['search.json'] = re.sub(rb'(?<="text": ")source |(?<= )Name (?:Type )?(?:Default )?Details ', b'', out['search.json'])
    sections = [o | dict(text=o['text'][:SEARCHED]) for o in json.loads(out['search.json'])]
    out['search.json'] = json.dumps(sections, ensure_ascii=False, separators=(',', ':')).encode()
    out['sitemap.xml'] = re.sub(rb'\s*<lastmod>.*?</lastmod>', b'', out['sitemap.xml'])
    for f in [o for o in out if o.endswith('.css')]:   # web fonts from another host
        out[f] = re.sub(rb'@import url\("?https?:[^)]*\);?', b'', out[f])
    for p in [HERE/'colab.svg', *sorted((HERE/'katex').rglob('*'))]:
        if p.is_file(): out[f'site_libs/{p.relative_to(HERE).as_posix()}'] = p.read_bytes()
    return out | {'.nojekyll': b'', STAMP: (json.dumps(stamp(), indent=1)+'\n').encode()}

def build():
    "What docs/ should hold and what should not be there"
    files = render()
    return {DOCS/p: b for p,b in files.items()}, [p for p in DOCS.rglob('*') if p.is_file()]

@call_parse
def main(check:bool=False): # Write nothing; exit with status 1 and name what drifted
    "Write docs/"
    want,stale = build()
    write_or_check(want, stale, check, 'make docs')
    if bad := faults({p.relative_to(DOCS).as_posix(): b for p,b in want.items()}): raise SystemExit('\n'.join(bad))
