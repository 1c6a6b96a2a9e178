"The committed site: nothing on it leads nowhere, nothing comes from elsewhere, every notebook has its page (in sync: see test_project)"
import json, re
import pytest
from files import cfg, notebooks
from links import faults

@pytest.fixture(scope='module')
def site():
    "Path below docs/ -> bytes"
    docs = cfg.doc_path
    if not (docs/'index.html').exists(): pytest.skip('docs/ is not built yet: run `make docs`')
    return {p.relative_to(docs).as_posix(): p.read_bytes() for p in docs.rglob('*') if p.is_file()}

def test_links_pictures_formulas(site):
    bad = faults(site)
    assert not bad, '\n'.join(bad)

@pytest.mark.parametrize('html,says', [
    ('<a href="gone.html">', 'leads to no file'), ('<a href="#gone">', 'no anchor'), ('<img src="gone.png">', 'leads to no file'),
    ('<p>so $x_i + y$', 'raw formula'), ('<script src="https://cdn.example/k.js">', 'another host'), ('<p id="a"><p id="a">', 'two elements'),
    ('<p>see [a name](there.ipynb)</p>', 'raw link'), ("<script>import m from 'https://cdn.example/m.mjs'</script>", 'loads https'), ('<style>a{background:url(//cdn.example/x)}</style>', 'loads //')])
def test_faults_are_seen(html, says):
    [fault] = faults({'p.html': html.encode()})
    assert says in fault

def test_no_fault_in_good_page():
    good = '<p id="a">at $5 or $6</p><code>$x$</code><span class="math">\\(\\frac{1}{2}\\)</span><a href="#a">a</a><a href="https://example.org">b</a>'
    assert not faults({'p.html': good.encode()})

def test_every_notebook_has_its_page(site):
    from rooms import page, rel
    sidebar,index = site['site_libs/navigation.js'].decode(),json.loads(site['search.json'])
    searched = {address for address,_ in index['pages']}
    for nb in notebooks():
        html = site[page(nb)].decode()
        assert f'"{page(nb)}"' in sidebar, f'{page(nb)} is not in the sidebar'
        assert f'href="{page(nb)}"'.encode() in site['contents.html'], f'{page(nb)} is not in the contents'
        assert page(nb) in searched, f'search does not know {page(nb)}'
        code = any(c['cell_type']=='code' for c in json.loads(nb.read_text(encoding='utf-8'))['cells'])
        badge = f'/blob/{cfg.branch}/nbs/{rel(nb).as_posix()}"><img src=' in html
        assert badge==code, f'{page(nb)}: Colab badge'
        assert 'class="math' not in html or 'site_libs/katex/katex.min.js' in html, f'{page(nb)}: formulas without KaTeX'

def test_site_is_light(site):
    "Pictures are files, the sidebar is loaded once, and all of it is a download of seconds"
    total = sum(map(len, site.values()))
    assert total<12e6, f'{total/1e6:.1f} MB'
    pages = {p: b for p,b in site.items() if p.endswith('.html')}
    assert not [p for p,b in pages.items() if re.search(rb'<img[^>]*src="data:', b)]
    assert not [p for p,b in pages.items() if b'sidebar-item' in b]
    assert all(b'<noscript>' in b and b'contents.html' in b for b in pages.values())

def test_the_gallery_shows_a_picture_on_every_link(site):
    tiles = re.findall(r'<li class="tile"><a href="([^"]+)"><img src="([^"]+)"', site['gallery.html'].decode())
    assert len(tiles)>=30 and all(page in site and picture in site for page,picture in tiles)
    assert {'tutorials/ten_lines.html','methods/gda.html','studies/multilabel.html'} <= {page for page,_ in tiles}

def test_order_names_pages_that_are_there():
    from rooms import face, order
    folders = {nb.parent for nb in notebooks()} - {cfg.nbs_path}
    gone = [f'{face(o).name}: {stem}' for o in folders if face(o) for _,stems in order(face(o)) for stem in stems
            if not (o/f'{stem}.ipynb').exists()]
    assert not gone, gone

def test_every_page_without_a_number_is_in_the_order():
    from rooms import face, order
    loose = [nb for nb in notebooks() if nb.parent!=cfg.nbs_path and not nb.name[0].isdigit() and face(nb.parent)]
    missing = [nb.name for nb in loose if nb.stem not in {s for _,stems in order(face(nb.parent)) for s in stems}]
    assert not missing, f'name them in the order comment of the 00_ page: {missing}'

def test_how_to_run_a_method_comes_first():
    from textclip.methods.registry import class_modules
    pages = {module.rpartition('.')[2] for name,module in class_modules().items()} & {p.stem for p in (cfg.nbs_path/'methods').glob('*.ipynb')}
    bad = []
    for stem in sorted(pages - {'text_adapters'}):       # parts that methods share
        cells = json.loads((cfg.nbs_path/'methods'/f'{stem}.ipynb').read_text(encoding='utf-8'))['cells']
        lines = [line.strip() for c in cells if c['cell_type']=='markdown' for line in c['source']]
        first = next((line for line in lines if line.startswith('## ')), '')
        if first!='## How to run it': bad.append(f'{stem}: {first}')
    assert not bad, bad

def test_lists_of_the_whole_site(site):
    "Every page is in llms.txt, and every public name in the list of names"
    from names import modules, public_names
    from rooms import page
    listed,api = site['llms.txt'].decode(),site['api.html'].decode()
    assert not [page(nb) for nb in notebooks() if f'/{page(nb)})' not in listed]
    assert not [name for _,tree in modules() for name in public_names(tree) if f'>{name}</code>' not in api]

@pytest.mark.slow
def test_in_a_browser(site):
    from browse import chromium, visit
    if not chromium(): pytest.skip('no Chromium here: see tools/browse.py')
    pytest.importorskip('playwright', reason="pip install 'textclip[browse]'")
    bad = visit()
    assert not bad, '\n'.join(bad)
