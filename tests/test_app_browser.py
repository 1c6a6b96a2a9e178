"The app in a real browser, from names to an exported classifier, wide and narrow; skipped where one of the parts is missing"
import os, shutil, zipfile
from pathlib import Path
import pytest
from PIL import Image
from textclip.app.page import served
from textclip.app.session import Workshop
from textclip.testing.encoders import ColourEncoder

pytest.importorskip('gradio', reason="extra 'app' is missing")
sync_api = pytest.importorskip('playwright.sync_api', reason="extra 'browse' is missing")
CHROMIUM = os.environ.get('CHROMIUM') or next(filter(None, map(shutil.which, ['chromium','chromium-browser','google-chrome'])), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium')
WIDTHS = dict(wide=(1280, 900), phone=(390, 844))
COLOURS = dict(red=['#d02020','#b43c32','#e6103c'], green=['#14a028','#46be3c','#0adc5a'])

@pytest.fixture(scope='module')
def address():
    with served(Workshop(ColourEncoder(), llm='template', n=2)) as url: yield url

@pytest.fixture(scope='module')
def browser():
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield browser
        browser.close()

@pytest.fixture
def photos(tmp_path):
    "Three photos of each colour, a torn one and a text"
    files = [tmp_path/f'{name}-{i}.png' for name,colours in COLOURS.items() for i in range(len(colours))]
    for file,colour in zip(files, [c for colours in COLOURS.values() for c in colours]): Image.new('RGB', (400,300), colour).save(file)
    (tmp_path/'torn.jpg').write_bytes(b'\xff\xd8\xff\xe0 torn')
    (tmp_path/'notes.txt').write_text('no picture')
    return files

def opened(browser, address, width):
    "A tab of its own and the requests and faults it has had; a request to another host is refused"
    w,h = WIDTHS[width]
    tab = browser.new_context(viewport=dict(width=w, height=h), accept_downloads=True).new_page()
    tab.set_default_timeout(30_000)
    foreign,faults = [],[]
    def route(r):
        if r.request.url.startswith((address, 'data:', 'blob:')): return r.continue_()
        foreign.append(r.request.url)
        r.abort()
    tab.route('**/*', route)
    tab.on('pageerror', lambda e: faults.append(str(e)))
    tab.goto(address)
    tab.get_by_role('button', name='Make the classifier').wait_for()
    return tab, foreign, faults

def press(tab, name): tab.get_by_role('button', name=name, exact=True).click()
def says(tab, text, kind='said'): tab.locator(f'.tc-{kind}', has_text=text).first.wait_for()
def drop(tab, where, files):
    "Files into a field; it lists the last one when they are there"
    tab.locator(f'#{where} input[type=file]').set_input_files([str(o) for o in files])
    tab.locator(f'#{where} [aria-label="{files[-1].name}"]').wait_for()


def sideways(tab): return tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

def picture(tab, name):
    "A screenshot where somebody asked for them"
    folder = os.environ.get('TEXTCLIP_SHOTS')
    if folder: tab.screenshot(path=Path(folder)/f'{name}.png', full_page=True)

def choose(tab, name):
    "A class in the list of what photos show"
    tab.get_by_label('What the photos show').click()
    tab.get_by_role('option', name=name).click()

@pytest.mark.parametrize('width', WIDTHS)
def test_from_names_to_a_file(browser, address, photos, width):
    tab,foreign,faults = opened(browser, address, width)
    tab.get_by_label('Class names').fill('red\ngreen')
    press(tab, 'Ask template')
    says(tab, '2 classes')
    press(tab, 'Make the classifier')
    says(tab, 'Ready: 2 classes')
    drop(tab, 'files', [*photos, photos[0].with_name('torn.jpg'), photos[0].with_name('notes.txt')])
    press(tab, 'Name them')
    says(tab, '6 photos named, 2 files could not be read')
    tab.locator('.thumbnail-item').first.click()
    tab.locator('#why img').wait_for()
    assert 'exact share' in tab.locator('#why').inner_text()
    for name,files in (('red', photos[:3]), ('green', photos[3:])):
        choose(tab, name)
        drop(tab, 'labelled', files)
        press(tab, 'Add these photos')
        says(tab, f'{name} 3')
    assert 'texts and photos' in tab.locator('#report').inner_text()
    picture(tab, f'colours-{width}')
    assert sideways(tab)<=0
    press(tab, 'Save the classifier')
    says(tab, 'my_classifier.zip is ready')
    with tab.expect_download() as got: tab.locator('#file a').first.click()
    assert 'classifier.safetensors' in zipfile.ZipFile(got.value.path()).namelist()
    assert not foreign and not faults, (foreign, faults)
    tab.context.close()

@pytest.mark.parametrize('names,what', [('', 'There is no name yet'), ('red\nRed', 'have the same name'), ('red', 'only one class')])
def test_a_wrong_list_is_answered(browser, address, names, what):
    tab,*_ = opened(browser, address, 'wide')
    tab.get_by_label('Class names').fill(names)
    press(tab, 'Texts from the names')
    says(tab, what, 'error')
    press(tab, 'Name them')
    says(tab, 'There is no classifier yet', 'error')
    assert 'Traceback' not in tab.content()
    tab.context.close()

def test_two_tabs_do_not_mix(browser, address):
    one,two = (opened(browser, address, 'wide')[0] for _ in range(2))
    for tab,names in ((one, 'red\ngreen'), (two, 'blue\nwhite\nblack')):
        tab.get_by_label('Class names').fill(names)
        press(tab, 'Texts from the names')
    says(one, '2 classes'); says(two, '3 classes')
    press(one, 'Make the classifier')
    says(one, 'Ready: 2 classes')
    press(two, 'Save the classifier')
    says(two, 'There is no classifier yet', 'error')
    assert '# red' not in two.get_by_label('its texts').input_value()
    for tab in (one, two): tab.context.close()
