"""Are the notebooks pleasant to read?

Long cells, code without prose, heavy outputs, what should not be in an output, links between notebooks that lead
nowhere, and prose that calls what does not exist.
"""
import json, re
from functools import lru_cache
from urllib.parse import unquote
import blocks
from files import ROOT, notebooks
from pictures import heavy

LONG,TOO_LONG,RUN,HEAVY = 30,45,8,200_000
STRAY = {'a warning': r'\b\w*Warning: ', 'a progress bar': r'\d+%\|', 'an object\'s address': r'<[^<>\n]* at 0x[0-9a-f]{6,}>',
         'a machine path': r'(?<![\w.:/~)-])/(?:tmp|work|root|home/\w+|Users/\w+|var/folders)/\S+'}

def text(out):
    "What a person reads in an output"
    data = [v for k,v in out.get('data', {}).items() if 'image' not in k]
    return '\n'.join(o if isinstance(o, str) else ''.join(o) for o in [*data, out.get('text', '')])

LINK = re.compile(r'\]\(([^()\s]+)\)')

def plain(prose):
    "Prose without code"
    return re.sub(r'`[^`\n]+`', '', re.sub(r'(?ms)^```.*?^```', '', prose))

@lru_cache(None)
def anchors(nb):
    "Where a link into a notebook may lead: its headings, and what it defines"
    found = set()
    for c in json.loads(nb.read_text(encoding='utf-8'))['cells']:
        src = ''.join(c['source'])
        if c['cell_type']=='code': found |= {n.lower() for n in re.findall(r'(?m)^(?:def|class) (\w+)', src)}
        else:
            headings = [re.sub(r'[^\w\s-]', '', o.lower()).strip() for o in re.findall(r'(?m)^#+ +(.+)', src)]
            found |= {re.sub(r'\s', '-', o) for o in headings}
    return found

def dead_links(nb, prose):
    "Relative links in the prose of the notebook at `nb` that lead to no file, or to no heading or name of a notebook"
    for url in LINK.findall(plain(prose)):
        if re.match(r'[a-z]+:', url): continue
        path,_,anchor = url.partition('#')
        there = (nb.parent/unquote(path)).resolve() if path else nb
        if not there.exists(): yield f'{url} leads to no file'
        elif anchor and there.suffix=='.ipynb' and unquote(anchor).lower() not in anchors(there):
            yield f'{url} leads to no heading and no name of that page'

def look(nb):
    "Faults and warnings for the notebook at `nb`, a line each"
    bad,warn,run = [],[],0
    for c in json.loads(nb.read_text(encoding='utf-8'))['cells']:
        src,where = ''.join(c['source']),f"{nb.relative_to(ROOT).as_posix()} · cell {c['id']}"
        if c['cell_type']!='code':
            run = 0
            bad += [f'{where}: {o}' for o in dead_links(nb, src)]
            continue
        if not re.match(r'#\| *(hide|default_exp)', src): run += 1
        if run==RUN+1: bad.append(f'{where}: more than {RUN} code cells without a word of prose')
        lines = src.count('\n')+1
        if lines>LONG:
            says = f'{where}: {lines} lines; {LONG} are easier to read, {TOO_LONG} are the most'
            (bad if lines>TOO_LONG else warn).append(says)
        if heavy([c]): bad.append(f'{where}: a picture without a palette; run tools/pictures.py')
        for o in c['outputs']:
            size,says = len(json.dumps(o)),[k for k,r in STRAY.items() if re.search(r, text(o))]
            if size>HEAVY: bad.append(f'{where}: an output of {size//1000} KB, at most {HEAVY//1000}')
            if o.get('name')=='stderr': says.append('something on stderr')
            bad += [f'{where}: {s} in an output; mend its cause and run tools/run_nbs.py' for s in says]
    return bad, warn

def faults(): return [o for nb in notebooks() for o in look(nb)[0]] + blocks.faults()
def warnings(): return [o for nb in notebooks() for o in look(nb)[1]]
