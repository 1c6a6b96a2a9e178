"Write README.md and CONTRIBUTING.md from notebooks and the outputs saved in them; needs no Quarto and runs nothing"
import re
from base64 import b64decode
from posixpath import normpath
from fastcore.script import call_parse
from nbdev.process import NBProcessor
from files import MARK, ROOT, cfg, write_or_check

NBS = cfg.nbs_path.relative_to(ROOT).as_posix()
HIDDEN = {'hide','default_exp'}
PAGES = {cfg.readme_nb: 'README.md', 'contributing.ipynb': 'CONTRIBUTING.md'}

def from_root(url):
    "A link of the notebook as seen from the repository's root"
    return url if re.match(r'[a-z][a-z+.-]*:|[#/]', url) else normpath(f'{NBS}/{url}')

def plain(md):
    "Markdown without what only Quarto understands, its links leading into the repository; code blocks keep their text"
    parts = re.split(r'(?ms)(^```.*?^```[^\n]*$)', md)
    for i,p in enumerate(parts):
        if i%2: parts[i] = re.sub(r'^```\{(\w+)[^}]*\}', r'```\1', p)
        else:
            p = re.sub(r'(?m)^:::.*\n?', '', p)
            p = re.sub(r'(\]\([^)\n]*\))\{[^}\n]*\}', r'\1', p)
            p = re.sub(r'(?m)^(#+ .*?)\s*\{[#.][^}\n]*\}\s*$', r'\1', p)
            p = re.sub(r'(\]\()([^)\s]+)', lambda m: m[1]+from_root(m[2]), p)
            parts[i] = re.sub(r'\b(src|href)="([^"]+)"', lambda m: f'{m[1]}="{from_root(m[2])}"', p)
    return ''.join(parts).strip()

def fenced(text, lang=''):
    "`text` as a code block"
    text = re.sub(r'\x1b\[[0-9;]*m', '', text).strip('\n')
    fence = '`'*max(3, 1+max(map(len, re.findall('`+', text)), default=0))
    return f'{fence}{lang}\n{text}\n{fence}'

def shown(out, images, stem):
    "Markdown for one cell output of the notebook `stem`, or None; a picture goes to `images`"
    data = {k: ''.join(v) for k,v in out.get('data', {}).items() if k.startswith(('text/','image/'))}
    if out.output_type=='stream': return fenced(''.join(out.text), 'text') if out.name=='stdout' else None
    if 'text/markdown' in data: return plain(data['text/markdown'])
    if 'image/png' in data:
        name = f'images/{stem}_{len(images)+1}.png'
        images[cfg.nbs_path/name] = b64decode(data['image/png'])
        width = (out.get('metadata', {}).get('image/png') or {}).get('width')
        size = f' width="{width}"' if width else ''
        return f'<img src="{NBS}/{name}" alt="Output of the cell above"{size}>'
    return fenced(data['text/plain'], 'text') if 'text/plain' in data else None

def markdown(path, images):
    "The notebook at `path` as Markdown for the repository's root; its pictures go to `images`"
    blocks = [f'<!-- {MARK} File to edit: {NBS}/{path.name} -->']
    for c in NBProcessor(path).nb.cells:
        d = {k.rstrip(':'): v for k,v in c.directives_.items()}
        off = lambda key: d.get(key, [''])[0].lower()=='false'
        if c.cell_type=='markdown': blocks.append(plain(c.source))
        elif c.cell_type!='code' or HIDDEN & d.keys() or off('include'): continue
        else:
            src = re.sub(r'(?m)^\s*#\s*\|.*\n?', '', c.source)
            if src.strip() and not off('echo'): blocks.append(fenced(src, 'python'))
            if not off('output'): blocks += [shown(o, images, path.stem) for o in c.outputs]
    return '\n\n'.join(b for b in blocks if b) + '\n'

def build():
    "What README.md, CONTRIBUTING.md and their pictures should hold, and pictures left over"
    want,left = {},[]
    for nb,to in PAGES.items():
        path,images = cfg.nbs_path/nb,{}
        if path.exists(): want |= {ROOT/to: markdown(path, images).encode(), **images}
        left += sorted((cfg.nbs_path/'images').glob(f'{path.stem}_*.png'))
    return want, left

@call_parse
def main(check:bool=False): # Write nothing; exit with status 1 and name what drifted
    "Write README.md and CONTRIBUTING.md"
    write_or_check(*build(), check, 'python tools/readme.py')
