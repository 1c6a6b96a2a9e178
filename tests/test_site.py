"The committed site: nothing on it leads nowhere, nothing comes from elsewhere, every notebook has its page (in sync: see test_project)"
import json
import pytest
from files import ROOT, cfg, notebooks
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
    ("<script>import m from 'https://cdn.example/m.mjs'</script>", 'loads https'), ('<style>a{background:url(//cdn.example/x)}</style>', 'loads //')])
def test_faults_are_seen(html, says):
    [fault] = faults({'p.html': html.encode()})
    assert says in fault

def test_no_fault_in_good_page():
    good = '<p id="a">at $5 or $6</p><code>$x$</code><span class="math">\\(\\frac{1}{2}\\)</span><a href="#a">a</a><a href="https://example.org">b</a>'
    assert not faults({'p.html': good.encode()})

def test_every_notebook_has_its_page(site):
    from docs import page, rel
    index,searched = site['index.html'].decode(),{o['href'].split('#')[0] for o in json.loads(site['search.json'])}
    for nb in notebooks():
        html = site[page(nb)].decode()
        assert f'href="{page(nb)}"' in index, f'{page(nb)} is not in the sidebar'
        assert page(nb) in searched or nb.name==cfg.readme_nb, f'search does not know {page(nb)}'
        code = any(c['cell_type']=='code' for c in json.loads(nb.read_text(encoding='utf-8'))['cells'])
        assert (f'/blob/{cfg.branch}/nbs/{rel(nb).as_posix()}"><img src=' in html)==code, f'{page(nb)}: Colab badge'
        assert 'class="math' not in html or 'site_libs/katex/katex.min.js' in html, f'{page(nb)}: formulas without KaTeX'

@pytest.mark.slow
def test_in_a_browser(site):
    from browse import chromium, visit
    if not chromium(): pytest.skip('no Chromium here: see tools/browse.py')
    pytest.importorskip('playwright', reason="pip install 'textclip[browse]'")
    bad = visit()
    assert not bad, '\n'.join(bad)
