"""Visit every page of docs/ in a headless Chromium, wide and narrow, light and dark, and click sidebar and search

Says how many blocks of code and displayed equations scroll sideways at 1280 px. Fails on console errors, failed or
foreign requests, broken pictures, pages that scroll sideways and raw or wrong formulas.
Needs Chromium (Debian: `apt-get install chromium`, or CHROMIUM=/path/to/it) and `pip install 'textclip[browse]'`.
"""
import json, os, re, shutil, threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from fastcore.script import call_parse
from files import ROOT, cfg
from search import find

WIDTHS,SCHEMES,SHOTS = {'wide': (1280,900), 'phone': (390,844)},('light','dark'),ROOT/'runs'/'browse'
QUESTION = 'optimal transport of prompts'   # asked of the search
LOOK = r"""() => {
  const bad = [], el = document.documentElement, edge = document.querySelector('main').getBoundingClientRect().right + 1;
  const boxed = o => { while ((o = o.parentElement).tagName !== 'MAIN') if (getComputedStyle(o).overflowX !== 'visible') return true; };
  if (el.scrollWidth > el.clientWidth) bad.push(`scrolls sideways (${el.scrollWidth} px)`);
  const wide = [...document.querySelectorAll('main *')].filter(o => o.getBoundingClientRect().right > edge && !boxed(o));
  if (wide.length) bad.push(`too wide: ${wide[0].outerHTML.slice(0, 90)}`);
  for (const o of document.images) if (!o.complete || !o.naturalWidth) bad.push('broken picture ' + o.src.slice(0, 90));
  for (const o of document.querySelectorAll('.katex-error')) bad.push('wrong formula ' + o.title.slice(0, 120));
  for (const o of document.querySelectorAll('span.math')) if (!o.querySelector('.katex')) bad.push('raw formula ' + o.textContent.slice(0, 60));
  if (!document.querySelector('main h1')?.textContent.trim()) bad.push('no title');
  return bad;
}"""

CUT = r"""() => ['main pre', 'main .katex-display'].map(what => {
  const all = [...document.querySelectorAll(what)].filter(o => o.clientWidth);
  return [all.length, all.filter(o => o.scrollWidth > o.clientWidth + 1).length];
})"""

IN_VIEW = """o => { const r = o.getBoundingClientRect(), x = r.left + r.width/2;
  return [r.top + 5, r.bottom - 5].every(y => o.contains(document.elementFromPoint(x, y))); }"""   # neither covered nor cut off

def chromium():
    "Where Chromium is, or None"
    return os.environ.get('CHROMIUM') or next(filter(None, map(shutil.which, ['chromium','chromium-browser','google-chrome'])), None)

class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args): pass

def serve(folder):
    "A web server for `folder` on a free port"
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

def watch(tab, base, bad):
    "Note in `bad` what goes wrong in `tab`; requests to other hosts are refused"
    tab.on('console', lambda m: m.type in ('error','warning') and bad.append(f'console: {m.text}'))
    tab.on('pageerror', lambda e: bad.append(f'error: {e}'))
    tab.on('response', lambda r: r.status>=400 and bad.append(f'{r.status}: {r.url}'))
    def route(r):
        if r.request.url.startswith((base, 'data:')): return r.continue_()
        bad.append(f'request to another host: {r.request.url}')
        r.abort()
    tab.route('**/*', route)

def arrived(tab, href):
    "Wait until `tab` shows the page and the heading that `href` names"
    tab.wait_for_function("""to => location.href.endsWith(to) && document.readyState === 'complete' &&
        (!location.hash || document.getElementById(decodeURIComponent(location.hash.slice(1))))""", arg=href.replace('../', '').removeprefix('./'), timeout=5000)

def open_rooms(link):
    "Unfold the rooms around a link of the sidebar, the outer one first"
    folded = link.locator('xpath=ancestor::ul[contains(@class, "collapse") and not(contains(@class, "show"))]')
    while folded.count():
        folded.first.locator('xpath=preceding-sibling::div').locator('.sidebar-item-toggle').click()
        link.page.wait_for_timeout(400)   # it unfolds slowly

def open_menu(tab, narrow):
    "Show search and switch, which are behind a button on a phone"
    if not narrow: return
    tab.locator('.navbar-toggler').click()
    tab.locator('.navbar-collapse.collapse.show').wait_for()

def click_through(tab, base, narrow, docs):
    "Use sidebar, search and the switch between light and dark; each must do something"
    tab.goto(base+'index.html')
    side = tab.locator('#quarto-sidebar')
    hrefs = [a.get_attribute('href') for a in side.locator('a.sidebar-link[href]').all()]
    for href in hrefs[::len(hrefs)//8]:
        tab.goto(base+'index.html')
        if narrow: tab.locator('.quarto-btn-toggle').first.click()
        link = side.locator(f'a.sidebar-link[href="{href}"]').first
        open_rooms(link)
        link.click()
        arrived(tab, href)
        here = side.locator('.sidebar-link.active').first
        if not narrow and not here.evaluate(IN_VIEW): raise AssertionError(f'{href}: the sidebar is not scrolled to the page')
    open_menu(tab, narrow)
    box = tab.locator('.smalldocs-search input >> visible=true').first
    box.fill('flibbertigibbet')
    tab.locator('.search-none >> visible=true').first.wait_for()
    box.fill(QUESTION)
    hit = tab.locator('.search-result >> visible=true').first
    hit.wait_for()
    if not hit.evaluate(IN_VIEW): raise AssertionError('search results are cut off')
    tab.screenshot(path=SHOTS/f"search-{'phone' if narrow else 'wide'}.png")
    to = hit.get_attribute('href')
    made = json.loads((Path(docs)/'search.json').read_text(encoding='utf-8'))
    best = find(made, QUESTION)[0][0]
    if re.sub(r'^(\.\.?/)+', '', to)!=best: raise AssertionError(f'search.js finds {to}, search.py {best}')
    hit.click()
    arrived(tab, to)
    before = tab.evaluate('getComputedStyle(document.body).backgroundColor')
    open_menu(tab, narrow)
    tab.locator('.quarto-color-scheme-toggle >> visible=true').first.click()
    tab.wait_for_function('before => getComputedStyle(document.body).backgroundColor !== before', arg=before)

def visit(docs=cfg.doc_path):
    "One line for each fault found"
    from playwright.sync_api import Error, sync_playwright
    SHOTS.mkdir(parents=True, exist_ok=True)
    server,faults,cuts = serve(docs),[],[(0, 0), (0, 0)]
    base = f'http://127.0.0.1:{server.server_port}/'
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=['--no-sandbox'])
        for size,(w,h) in WIDTHS.items():
            for scheme in SCHEMES:
                bad = []
                tab = browser.new_context(viewport=dict(width=w, height=h), color_scheme=scheme).new_page()
                tab.set_default_timeout(10_000)
                watch(tab, base, bad)
                for f in sorted(Path(docs).rglob('*.html')):
                    name = f.relative_to(docs).as_posix()
                    tab.goto(base+name, wait_until='load')
                    bad += tab.evaluate(LOOK)
                    if (size,scheme)==('wide','light'):
                        cuts = [(a+b, c+d) for (a,c),(b,d) in zip(cuts, tab.evaluate(CUT))]
                    tab.screenshot(path=SHOTS/f"{name[:-5].replace('/', '-')}-{size}-{scheme}.png", full_page=True)
                    faults += [f'{name} ({size}, {scheme}): {o}' for o in bad]
                    bad.clear()
                try: click_through(tab, base, size=='phone', docs)
                except (Error, AssertionError) as e: bad.append(str(e).splitlines()[0])
                faults += [f'clicking ({size}, {scheme}): {o}' for o in bad]
                tab.context.close()
        browser.close()
    server.shutdown()
    for what,(total,cut) in zip(('blocks of code', 'displayed equations'), cuts):
        print(f'{cut} of {total} {what} scroll sideways')
    return faults

@call_parse
def main():
    "Look at the site in a browser; the pictures go to runs/browse"
    if not chromium(): raise SystemExit('No Chromium found. Install it (Debian: apt-get install chromium), or set CHROMIUM to where it is.')
    if bad := visit(): raise SystemExit('\n'.join(bad))
    print(f'No fault found. Pictures: {SHOTS.relative_to(ROOT)}')
