"What is wrong with a rendered site: links, anchors and pictures that lead nowhere, raw formulas and links, files from other hosts"
import re
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote

RAW = re.compile(r'\$\$|(?<![\w$\\])\$(?=[\\\w{(])[^$\n]{1,200}?\$(?!\w)|\\(?:frac|mathrm|mathcal|sum|hat)\b')
RAW_LINK = re.compile(r'\]\([\w./#-]+\)')
VOID = {'area','base','br','col','embed','hr','img','input','link','meta','source','track','wbr'}

class Page(HTMLParser):
    "Ids, links and loaded files of a page, and its text outside code and formulas"
    def __init__(self, text):
        super().__init__()
        self.ids,self.links,self.files,self.text,self.stack = [],[],[],[],[]
        self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'id' in a: self.ids.append(a['id'])
        if tag=='a' and a.get('href'): self.links.append(a['href'])
        elif a.get('src') or tag=='link' and a.get('href'): self.files.append(a.get('src') or a['href'])
        if tag not in VOID: self.stack.append((tag, 'math' in (a.get('class') or '').split()))
    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0]!=tag: pass
    def handle_data(self, data):
        if not any(t in ('script','style','code','pre') or math for t,math in self.stack): self.text.append(data)

def faults(files # path -> bytes of a whole site
          ):
    "One line for each fault, with the page it is on"
    pages = {p: Page(b.decode()) for p,b in files.items() if p.endswith('.html')}
    bad = []
    for p,page in pages.items():
        for url in page.links + page.files:
            if re.match(r'(?:https?:)?//', url):
                if url in page.files: bad.append(f'{p}: loads {url} from another host')
            elif not re.match(r'[a-z]+:', url):
                path,_,anchor = url.partition('#')
                path = normpath(join(dirname(p), unquote(path.partition('?')[0]))) if path else p
                if path not in files: bad.append(f'{p}: {url} leads to no file')
                elif anchor and path in pages and unquote(anchor) not in pages[path].ids: bad.append(f'{p}: no anchor {url}')
        bad += [f'{p}: two elements with id {i}' for i in page.ids if page.ids.count(i)>1]
        text = ''.join(page.text)
        bad += [f'{p}: raw formula {m[0][:60]}' for m in RAW.finditer(text)]
        bad += [f'{p}: raw link {m[0][:60]}' for m in RAW_LINK.finditer(text)]
    for p,b in files.items():
        if p.endswith(('.html','.css','.js')):
            bad += [f'{p}: loads {m}' for m in re.findall(r'''(?:(?:url\(|@import )["']?|(?:import\(|from )["'])((?:https?:)?//[^"')\s]+)''', b.decode())]
        if p.endswith('.css'):
            for m in re.findall(r'''url\(["']?([^"')]+)''', b.decode()):
                if not re.match(r'data:|#|%23|https?:', m) and normpath(join(dirname(p), m.split('?')[0].split('#')[0])) not in files:
                    bad.append(f'{p}: {m} is missing')
    return sorted(set(bad))
