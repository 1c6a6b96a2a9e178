"The tools on a small house of rooms: addresses, sidebar, links, pictures and names of tests follow the folders"
import ast, base64, io, json, os, re, shutil, subprocess, sys
from zlib import crc32
import pytest
from PIL import Image
from export_tests import file_name
from files import ROOT, cfg, module_name
from lines import crowded, nested
from links import faults
from pictures import lighten, palette

def picture(size=(60, 40)):
    "A PNG of many colours"
    image = Image.new('RGBA', size)
    image.putdata([(x*4, y*6, (x*y)%256, 255) for y in range(size[1]) for x in range(size[0])])
    out = io.BytesIO()
    image.save(out, 'PNG')
    return out.getvalue()

def cell(source, kind='code', outputs=()):
    made = dict(cell_type=kind, metadata={}, source=source.splitlines(True), id=f'{crc32(source.encode()):08x}')
    return made | (dict(outputs=list(outputs), execution_count=None) if kind=='code' else {})

def defines(name): return cell(f'#| export\ndef {name}():\n    "Made up"')

def words(source): return cell(source, 'markdown')

SHOWN = dict(output_type='display_data', metadata={}, data={'image/png': base64.b64encode(picture()).decode(), 'text/plain': ['<Figure>']})
BOOKS = {
    'index': [words('# textclip\n\n> The front.\n\nSee [strategies](1_sampling/07_strategies.ipynb#all-of-them) and `ask`.')],
    '00_textclip': [words('# One import\n\n> The door.'), cell('#| default_exp __init__'), defines('front')],
    'pipeline': [words('# Pipeline\n\n> All at once.'), cell('#| default_exp pipeline'), defines('run')],
    'contributing': [words('# Contributing\n\n> How.')],
    '1_sampling/00_sampling': [
        words('# Stage 1: Sampling\n\n> Texts.'), cell('#| default_exp sampling.__init__'), words('## The face'),
        cell('#| export\ndef face():\n    "The face of the room"\n    return 1'), cell('assert face()==1')],
    '1_sampling/07_strategies': [
        words('# Strategies\n\n> What is asked.'), cell('#| default_exp sampling.strategies'), words('## All of them'),
        cell('#| export\ndef ask(what):\n    "Ask for `what`"\n    return what'),
        cell("assert ask('a')=='a'", outputs=[SHOWN])],
    '1_sampling/llms/00_llms': [words('# Language models\n\n> Who answers.'), cell('#| default_exp sampling.llms.__init__'), defines('who')],
    '1_sampling/llms/01_load': [
        words('# Loading\n\n> By name.\n\nSee [`ask`](../07_strategies.ipynb#all-of-them) or [how `ask` and `face` ask](../07_strategies.ipynb).'), cell('#| default_exp sampling.llms.load'),
        words('## By name'), cell('#| export\ndef load(name):\n    "The model called `name`"\n    return name'), cell("assert load('x')=='x'")],
    'methods/00_methods': [words('# Methods\n\n> One a page.\n\n<!-- order:\nTexts: tap cupl\nImages: coop\n-->'),
                           cell('#| default_exp methods.__init__'), defines('every')],
    **{f'methods/{o}': [words(f'# {o.upper()}\n\n> A method.'), cell(f'#| default_exp methods.{o}'), defines(o)]
       for o in ('coop', 'cupl', 'tap', 'zeroshot')},
    'studies/results': [words('# Results\n\n> Measured.'), cell('1+1')]}

@pytest.fixture(scope='module')
def house(tmp_path_factory):
    "The project, exported, with its site and tests"
    root = tmp_path_factory.mktemp('house')
    shutil.copytree(ROOT/'tools', root/'tools', ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copy(ROOT/'settings.ini', root)
    (root/'nbs').mkdir()
    for name in ('_quarto.yml', 'styles.css', 'favicon.svg'): shutil.copy(cfg.nbs_path/name, root/'nbs')
    meta = dict(kernelspec=dict(display_name='python3', language='python', name='python3'))
    for name,cells in BOOKS.items():
        path = root/f'nbs/{name}.ipynb'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(cells=cells, metadata=meta, nbformat=4, nbformat_minor=5)))
    env = {k: v for k,v in os.environ.items() if k!='IN_TEST'} | dict(PYTHONPATH=str(root))
    export = 'from nbdev.doclinks import nbdev_export; nbdev_export.__wrapped__()'
    for command in (['-c', export], ['tools/pictures.py'], ['tools/export_tests.py'], ['tools/docs.py'], ['tools/docs.py', '--check']):
        done = subprocess.run([sys.executable, *command], cwd=root, env=env, capture_output=True, text=True)
        assert not done.returncode, done.stderr
    return root

def read(house): return {p.relative_to(house/'docs').as_posix(): p.read_bytes() for p in (house/'docs').rglob('*') if p.is_file()}

def test_addresses_follow_the_folders(house):
    pages = {o for o in read(house) if o.endswith('.html')}
    assert pages >= {'index.html', 'textclip.html', '1_sampling/sampling.html', '1_sampling/strategies.html', '1_sampling/llms/load.html', 'methods/tap.html'}

def test_links_lead_to_the_pages(house):
    site = read(house)
    assert not faults(site)
    assert b'href="1_sampling/strategies.html#all-of-them"' in site['index.html']
    assert b'href="1_sampling/strategies.html#ask"' in site['index.html']
    assert b'<a href="../strategies.html#all-of-them"><code>ask</code></a>' in site['1_sampling/llms/load.html']

def test_sidebar_is_the_tree(house):
    script = read(house)['site_libs/navigation.js'].decode()
    rooms = json.loads(re.search(r'(?s)const PAGES = (.*?);\n', script)[1])
    assert [r[:2] for r in rooms] == [['Start', ''], ['Stage 1: Sampling', '1_sampling/sampling.html'], ['Methods', 'methods/methods.html'],
                                      ['Studies', ''], ['Project', '']]
    start,sampling,methods,_,_ = rooms
    assert [p[1] for p in start[2]] == ['index.html', 'textclip.html', 'pipeline.html']
    assert [p[0] for p in sampling[2]] == ['Strategies', 'Language models']
    assert sampling[2][1][2] == [['Loading', '1_sampling/llms/load.html', []]]
    assert [p[0] for p in methods[2]] == ['Texts', 'Images', 'ZEROSHOT']   # what the order leaves out comes last
    assert [p[0] for p in methods[2][0][2]] == ['TAP', 'CUPL']

def test_shelf_lists_its_pages(house):
    text = read(house)['methods/methods.html'].decode()
    assert '<strong>Texts</strong>' in text and '<a href="tap.html">TAP</a>: A method.' in text and '<!-- order' not in text

def test_pictures_are_files(house):
    site = read(house)
    names = [o for o in site if o.endswith('.png')]
    assert len(names)==1 and names[0].startswith('1_sampling/strategies-')
    assert names[0].split('/')[1].encode() in site['1_sampling/strategies.html'] and b'data:image' not in site['1_sampling/strategies.html']
    assert Image.open(io.BytesIO(site[names[0]])).mode=='P'

STILL = "import sys; sys.path.insert(0, 'tools'); import docs; print(docs.untouched())"

def test_site_knows_when_it_is_stale(house, tmp_path):
    "A change of a source or of a page is seen without a build"
    copy = tmp_path/'house'
    shutil.copytree(house, copy)
    def untouched():
        env = os.environ | dict(PYTHONPATH=str(copy))
        return subprocess.run([sys.executable, '-c', STILL], cwd=copy, env=env, capture_output=True, text=True).stdout.strip()
    assert untouched()=='True'
    for name in ('nbs/index.ipynb', 'textclip/pipeline.py', 'nbs/styles.css', 'tools/search.js', 'docs/index.html'):
        path = copy/name
        before = path.read_bytes()
        path.write_bytes(before+b' ')
        assert untouched()=='False', name
        path.write_bytes(before)
    (copy/'docs/left.html').write_bytes(b'')
    assert untouched()=='False'

def test_api_page_names_the_module(house):
    text = read(house)['1_sampling/sampling.html'].decode()
    assert '/textclip/sampling/__init__.py#L' in text and 'The face of the room' in text

def test_tests_are_named_by_room(house):
    made = {p.name: p.read_text() for p in (house/'tests').glob('test_*.py')}
    assert set(made) == {'test_sampling.py', 'test_sampling_strategies.py', 'test_sampling_llms_load.py'}
    assert 'from textclip.sampling import face' in made['test_sampling.py']

@pytest.mark.parametrize('exp,module,test', [
    ('__init__', 'textclip', 'test_textclip.py'), ('sampling.__init__', 'textclip.sampling', 'test_sampling.py'),
    ('sampling.llms.load', 'textclip.sampling.llms.load', 'test_sampling_llms_load.py'), ('pipeline', 'textclip.pipeline', 'test_pipeline.py')])
def test_names(exp, module, test): assert (module_name(exp), file_name(exp)) == (module, test)

def test_palette():
    once = palette(picture())
    assert Image.open(io.BytesIO(once)).mode=='P' and palette(picture())==once
    assert palette(once) is once   # what has a palette stays as it is
    book = [dict(outputs=[json.loads(json.dumps(SHOWN))])]
    assert (lighten(book), lighten(book)) == (1, 0)

@pytest.mark.parametrize('code,found', [('a = 1 if b else 2 if c else 3', [1]), ('a = [x if x else 0 for x in b]', []),
                                        ('def f(): return 1 if (2 if a else b) else 3', [1])])
def test_conditional_in_a_conditional(code, found): assert nested(ast.parse(code))==found

@pytest.mark.parametrize('code,found', [('a,b,c,d = e', [1]), ('a,b,c = e', []), ('\n(a, b, c, d) = 1, 2, 3, 4', [2]), ('a = b = c = d = 1', [])])
def test_four_names(code, found): assert crowded(ast.parse(code))==found
