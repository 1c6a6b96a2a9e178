"""Render the notebooks to docs/: nbdev processes them, smalldocs lays them out. No Quarto, no network, no cell is run

`python tools/docs.py` writes docs/; `--check` only compares. The same notebooks give the same bytes.
A page lies where its notebook does: `nbs/1_sampling/07_strategies.ipynb` is `docs/1_sampling/strategies.html`, and the
room's own page `nbs/1_sampling/00_sampling.ipynb` is `docs/1_sampling/sampling.html`, as nbdev's links have it.
Pictures are files beside the pages.
"""
import hashlib, json, posixpath, re, shutil, struct, sys, tempfile
from base64 import b64decode
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from unittest.mock import patch
import yaml
from execnb.nbio import mk_cell, read_nb, write_nb
from fastcore.foundation import working_directory
from fastcore.script import call_parse
from nbdev.processors import FilterDefaults, add_show_docs, exec_show_docs, mv_exports
import apidoc, names, rooms, search
from files import ROOT, cfg, notebooks, write_or_check
from lean import FREQUENT, header, lean_code, lean_css, lean_page, used_classes
from links import faults
from pictures import joined
from rooms import ORDER, page, plain, rel

DOCS,URL,HERE = cfg.doc_path,cfg.doc_host+cfg.doc_baseurl,Path(__file__).parent
sys.path.insert(0, str(ROOT))   # API documentation comes from the modules beside the notebooks
TOOLS = ['smalldocs','nbdev','fastcore','pygments','markdown-it-py','mdit-py-plugins']   # what decides the bytes
STAMP,CONTENTS = 'built-from.json','contents'
SUFFIX = {'image/png': '.png', 'image/jpeg': '.jpg', 'image/gif': '.gif'}

def installed(name):
    try: return version(name)
    except PackageNotFoundError: return None

def digest(data): return hashlib.sha256(data).hexdigest()

def digest_of(files): return digest(json.dumps({p: digest(files[p]) for p in sorted(files)}).encode())   # path -> bytes

def sources():
    "All that decides the bytes of the site beside its tools: notebooks, modules, settings, and these programs"
    looks = [o for o in cfg.nbs_path.iterdir() if o.suffix in ('.yml','.css','.svg')]
    programs = [o for o in HERE.rglob('*') if o.is_file() and o.suffix!='.pyc']
    found = [*notebooks(), *cfg.lib_path.rglob('*.py'), *looks, *programs, ROOT/'settings.ini']
    return {o.relative_to(ROOT).as_posix(): o.read_bytes() for o in found}

def stamp(site=None # path -> bytes, without the stamp
          ):
    "The tools and the notebooks that the site is made from; with `site`, digests of all its sources and of itself"
    tools = {'python': '.'.join(map(str, sys.version_info[:2])), **{t: installed(t) for t in TOOLS}}
    both = dict(sources=digest_of(sources()), site=digest_of(site)) if site else {}
    return dict(tools=tools, **both, notebooks={page(nb): digest(nb.read_bytes()) for nb in notebooks()})

def on_disk():
    "The site in docs/ without its stamp: path -> bytes"
    files = {p.relative_to(DOCS).as_posix(): p.read_bytes() for p in DOCS.rglob('*') if p.is_file()}
    return {p: b for p,b in files.items() if p!=STAMP}

def untouched():
    "Is docs/ as it was built, from the sources that are here? Then a build would give the same bytes: it need not be tried"
    old = old_stamp()
    return 'site' in old and old['sources']==digest_of(sources()) and old['site']==digest_of(on_disk())

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

# %% From notebooks to pages

class Procs(FilterDefaults):
    "nbdev's processors, with API documentation made from the modules instead of by running cells"
    def base_procs(self):
        swap = {add_show_docs: [add_show_docs, apidoc.docs_first], exec_show_docs: [apidoc.api_docs], mv_exports: []}
        return [p for o in super().base_procs() for p in swap.get(o, [o])]

def split_title(book):
    "Put what follows title and quote in the first text cell into a cell of its own: nbdev would drop it"
    i,c = next((i,c) for i,c in enumerate(book.cells) if c.cell_type=='markdown')
    heading,rest = re.match(r'(?s)((?:# [^\n]*\n*(?:> [^\n]*\n*)*)?)(.*)', c.source).groups()
    if heading and rest:
        c.source = heading
        book.cells.insert(i+1, mk_cell(rest, 'markdown'))

def take_pictures(book, stem):
    "Replace each picture in the outputs by the name of its file; name -> bytes"
    taken = {}
    for cell in book.cells:
        for out in cell.get('outputs', []):
            for kind in SUFFIX.keys() & out.get('data', {}).keys():
                picture = b64decode(joined(out['data'][kind]))
                name = f'{stem}-{digest(picture)[:8]}{SUFFIX[kind]}'
                taken[name],out['data'][kind] = picture,f'file:{name}'
    return taken

QUIET = '\ue000'   # a backtick in the text of a link: nbdev would make a link in the link of it

def own_links(md): return re.sub(r'\[[^\[\]]*\](?=\()', lambda m: m[0].replace('`', QUIET), md)

def site_links(md, nb):
    "Markdown of the notebook with the site's names in its links, and the pages of a shelf in place of their order"
    md = ORDER.sub(lambda m: rooms.shelf(nb), md.replace(QUIET, '`'))
    md = rooms.GALLERY.sub(lambda m: rooms.gallery(m[1].split()), md)
    return re.sub(r'(\]\([^)\s]*?)\b\d+[a-zA-Z0-9]*_(\w+\.ipynb)', r'\1\2', md)

def text_cells(book): return [c for c in book.cells if c.cell_type=='markdown']

def show_helpers(book):
    "Helpers that are exported without being listed (`exporti`): their source, under an anchor for each name"
    cells = []
    for c in book.cells:
        if c.cell_type=='code' and re.search(r'(?m)^#\| *exporti\b', c.source):
            c.source = re.sub(r'(?m)^#\| *exporti\b.*\n', '', c.source)
            names = re.findall(r'(?m)^(?:class|def) +([a-zA-Z]\w*)|^([a-zA-Z]\w*) *=', c.source)
            anchors = ''.join(f'<a id="{(a or b).lower()}"></a>' for a,b in names)
            if anchors: cells.append(mk_cell(anchors, 'markdown'))
        cells.append(c)
    book.cells = cells

FOLDED = 'studies'   # the room whose pages are read for their tables and plots

def fold_code(book):
    "The code of a page closed, a click away"
    for c in book.cells:
        if c.cell_type=='code' and c.source: c.source = f'#| code-fold: true\n{c.source}'

def stage(site):
    "Put into `site` what smalldocs renders, processed notebooks and configuration; the pictures, page -> name -> bytes"
    shutil.copytree(cfg.nbs_path, site, ignore=shutil.ignore_patterns('*.ipynb', '.*'))
    pictures = {}
    for nb in notebooks():
        book,to = read_nb(nb),site/plain(rel(nb))
        pictures[page(nb)] = take_pictures(book, to.stem)
        split_title(book)
        show_helpers(book)
        if rel(nb).parts[0]==FOLDED: fold_code(book)
        for c in text_cells(book): c.source = own_links(c.source)
        Procs()(book)
        for c in text_cells(book): c.source = site_links(c.source, nb)
        book.cells[0].source = re.sub(r'output-file: .*\n', '', book.cells[0].source)
        to.parent.mkdir(parents=True, exist_ok=True)
        write_nb(book, to)
    entries = rooms.sidebar()
    listing = '\n'.join(rooms.listing(entries, rooms.titles()))
    (site/f'{CONTENTS}.md').write_text(f'---\ntitle: All pages\nsearch: false\n---\n\n{listing}\n', encoding='utf-8')
    title = rooms.titles()[rooms.API]
    (site/rooms.API).write_text(f'---\ntitle: {title}\nsearch: false\n---\n\n{names.api_list()}\n', encoding='utf-8')
    conf = yaml.safe_load((cfg.nbs_path/'_quarto.yml').read_text(encoding='utf-8'))
    conf['project']['output-dir'] = '_site'
    conf['website'] |= {'title': cfg.title, 'description': cfg.description, 'site-url': URL,
                        'repo-url': cfg.git_url, 'repo-branch': cfg.branch}
    conf['website']['sidebar'] |= {'contents': entries}
    (site/'_quarto.yml').write_text(yaml.safe_dump(conf, sort_keys=False), encoding='utf-8')
    return pictures

def empty_sidebar(layout, toc=None):
    "The place of the sidebar with the page's own headings; navigation.js adds the rooms, which are loaded once"
    from smalldocs.layout import Div, Nav, Safe
    look = ('sidebar collapse collapse-horizontal quarto-sidebar-collapse-item sidebar-navigation floating '
            'overflow-auto')
    script = Safe(f'<script src="{layout.offset()}site_libs/navigation.js"></script>')
    return [Nav(*(toc or []), id='quarto-sidebar', cls=look, data_page=str(layout.page.out)), script,
            Div(id='quarto-sidebar-glass', cls='quarto-sidebar-collapse-item')]

def smalldocs(site):
    "Lay the site out; smalldocs' own sidebar and the search for a token's colour would take most of the time"
    from smalldocs import highlight, layout
    from smalldocs.site import build
    once = lru_cache(None)(highlight.css_class)
    with patch.object(highlight, 'css_class', once), patch.object(layout.Layout, 'sidebar_html', empty_sidebar):
        return build(site, quiet=True)

# %% Finishing touches

def run_line(nb, up):
    "How to run the notebook: a badge that opens it in Colab, and what to install there"
    repo = cfg.git_url.split('github.com/')[-1]
    colab = f'https://colab.research.google.com/github/{repo}/blob/{cfg.branch}/{cfg.nbs_path.name}/{rel(nb).as_posix()}'
    return (f'<p class="run-line"><a href="{colab}"><img src="{up}site_libs/colab.svg" alt="Open in Colab" width="117" height="20"></a> '
            f"<code>pip install '{cfg.lib_name}[offline] @ git+{cfg.git_url}'</code></p>")

def size(picture):
    "Attributes that keep the room of a PNG before it is loaded"
    if not picture.startswith(b'\x89PNG'): return ''
    return ' width="{}" height="{}"'.format(*struct.unpack('>II', picture[16:24]))

ICONS = 'site_libs/bootstrap-icons/fonts/bootstrap-icons.woff2'
MOSTLY_UNUSED = 'site_libs/themes/','site_libs/bootstrap-icons/'   # stylesheets for any site
NOSCRIPT = '<noscript><p><a href="{up}'+CONTENTS+'.html">All pages</a></p></noscript>'

def finish(text, nb, pictures):
    "A rendered page with links that stay on the site, its pictures and KaTeX in files, and the line that says how to run it"
    up = '../'*len(rel(nb).parent.parts)
    text = re.sub(r'https://cdn\.jsdelivr\.net/npm/katex@[\d.]+/dist/(?:contrib/)?', f'{up}site_libs/katex/', text)
    text = re.sub(rf'(?<=href="){re.escape(URL)}/(?=[\w/]+\.html)', up, text)
    image = lambda m: f'<img alt="Output of the cell above" src="{m[1]}"{size(pictures[m[1]])}'
    text = re.sub(r'<img src="data:[^"]*?file:([^"]+)"', image, text)
    text = re.sub(r'(?s)<pre.*?</pre>', lambda m: lean_code(m[0]), text)
    if any(c.cell_type=='code' for c in read_nb(nb).cells):
        text = re.sub(r'(?s)<header id="title-block-header".*?</header>', lambda m: m[0]+run_line(nb, up), text)
    return text

def tiles(text, files):
    "The gallery: the largest picture of each page on its link, no link without one; `files` are the site's, path -> bytes"
    def tile(m):
        folder,page = posixpath.dirname(m[1]),files.get(m[1], b'').decode()
        own = [posixpath.normpath(posixpath.join(folder, o)) for o in re.findall(r'<img [^>]*src="([^":]+\.png)"', page)]
        sizes = {o: struct.unpack('>II', files[o][16:24]) for o in own if files.get(o, b'').startswith(b'\x89PNG')}
        if not sizes: return ''
        best = max(sizes, key=lambda o: sizes[o][0]*sizes[o][1])
        return f'<li class="tile"><a href="{m[1]}"><img src="{best}" alt="" loading="lazy"{size(files[best])}>{m[2]}</a></li>\n'
    return re.sub(r'<li><a href="([^"#:]+\.html)">([^\n]*?)</a></li>\n?', tile, text)

BUTTON = '<button title="Copy to Clipboard" class="code-copy-button"><i class="bi"></i></button>'
SCHEME = re.compile(r'<script>(\(function\(\)\{var d=document\.documentElement.*?)</script>')   # light or dark, before anything is drawn

def for_all(text, up):
    "What every page gets: our search in place of smalldocs' (it has its own index), scripts once in files, and a way on without JavaScript"
    text = text.replace(f'<script src="{up}site_libs/fuse/fuse.min.js"></script>', '')
    script = lambda name: f'<script src="{up}site_libs/{name}.js" defer></script>'
    text = text.replace(script('smalldocs'), script('page')+script('smalldocs')+script('search')).replace(BUTTON, '')
    text = SCHEME.sub(f'<script src="{up}site_libs/scheme.js"></script>', text)
    text = re.sub(r'(<main [^>]*>)', lambda m: m[1]+NOSCRIPT.format(up=up), text, count=1)
    return lean_page(text)

def stylesheet(css):
    "A stylesheet without fonts from another host, and without the older of two forms of a font"
    css = re.sub(rb'@import url\("?https?:[^)]*\);?', b'', css)
    css = re.sub(rb'(code\S*) span(?=\.\w\w\b| *\{)', rb'\1 i', css)   # see `lean_code`
    for kind,mark in FREQUENT.items(): css = css.replace(f'code i.{kind}'.encode(), f'code {mark}'.encode())
    return re.sub(rb',url\("[^"]*\.woff(?:\?[^"]*)?"\) format\("woff"\)', b'', css)

def libraries(entries, top):
    "Files of our own for all pages: path -> bytes; `top` is the bar that navigation.js puts at the top"
    shown = {k: escaped(v) for k,v in rooms.titles().items()}
    pages = json.dumps(rooms.tree(entries, shown), ensure_ascii=False, indent=0)
    navigation = f'const TOP = {json.dumps(top)};\nconst PAGES = {pages};\n' + (HERE/'navigation.js').read_text(encoding='utf-8')
    kept = [HERE/'colab.svg', HERE/'search.js', HERE/'page.js', *(o for o in sorted((HERE/'katex').rglob('*')) if o.is_file())]
    files = {f'site_libs/{o.relative_to(HERE).as_posix()}': o.read_bytes() for o in kept}
    return files | {'site_libs/navigation.js': navigation.encode(), ICONS: (HERE/'icons'/'bootstrap-icons.woff2').read_bytes()}

def escaped(text): return re.sub(r'`([^`]*)`', r'\1', text).replace('&', '&amp;').replace('<', '&lt;')

def render():
    "The site: path below docs/ -> bytes"
    if not installed('smalldocs'): raise SystemExit("smalldocs is not here: pip install -e '.[dev]', with Python 3.11 or newer")
    with tempfile.TemporaryDirectory() as d:
        site = Path(d)/'site'
        with working_directory(ROOT): pictures = stage(site)   # where nbdev looks for settings.ini
        if warnings := smalldocs(site).warnings: raise SystemExit('\n'.join(warnings))
        out = {p.relative_to(site/'_site').as_posix(): p.read_bytes() for p in sorted((site/'_site').rglob('*')) if p.is_file()}
    for nb in notebooks():
        text = finish(out[page(nb)].decode(), nb, pictures[page(nb)])
        out[page(nb)] = text.encode()
        folder = rel(nb).parent
        shown = {name: b for name,b in pictures[page(nb)].items() if f'src="{name}"' in text}
        out |= {(folder/name).as_posix(): b for name,b in shown.items()}
    if 'gallery.html' in out: out['gallery.html'] = tiles(out['gallery.html'].decode(), out).encode()
    scheme = SCHEME.search(out[cfg.readme_nb.replace('.ipynb', '.html')].decode())[1]
    pages = {f: b.decode() for f,b in out.items() if f.endswith('.html')}
    top = header(pages)
    for f,text in pages.items(): out[f] = for_all(text, '../'*f.count('/')).encode()
    quotes = {page(nb): rooms.quote(nb).replace('`', '') for nb in notebooks()}
    out['search.json'] = search.index(json.loads(out['search.json']), quotes)
    out['llms.txt'] = names.llms_list(rooms.sidebar(), rooms.titles(), quotes, URL).encode()
    out['sitemap.xml'] = re.sub(rb'\s*<lastmod>.*?</lastmod>', b'', out['sitemap.xml'])
    unused = [f for f in out if f.startswith('site_libs/fuse/') or f.endswith('.woff')]
    for f in unused: del out[f]
    out |= libraries(rooms.sidebar(), top) | {'site_libs/scheme.js': scheme.encode(), '.nojekyll': b''}
    used = used_classes(out)
    for f in [o for o in out if o.endswith('.css')]:
        out[f] = stylesheet(out[f])
        if f.startswith(MOSTLY_UNUSED): out[f] = lean_css(out[f].decode(), used).encode()
    return out | {STAMP: (json.dumps(stamp(out), indent=1)+'\n').encode()}

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
