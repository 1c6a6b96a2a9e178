"""The site's table of contents: a room for each folder of nbs/, opened by its `00_` page, numbered pages by number

Where pages have no numbers, their `00_` page says the order, in a comment of a text cell; a line with a colon is a
group:

    <!-- order:
    Names and texts: zeroshot cupl
    A few images: coop tip_adapter
    -->

The site shows the pages, with what stands below their headings, in place of the comment. Pages that it leaves out
come last. A room without a `00_` page goes by the names of its files. `<!-- gallery: ROOM ... -->` stands for all pages
of some rooms.
"""
import json, re
from files import cfg, notebooks

ROOMS = [('Start', ['index.ipynb', 'gallery.ipynb', '00_textclip.ipynb', 'pipeline.ipynb', 'reasons.ipynb', 'answers.ipynb',
                    'app', 'cli']), 'tutorials',
         '1_sampling', '2_synthesis', '3_alignment', '4_training', '5_evaluation',
         ('What the stages stand on', ['core', 'types', 'data', 'encoders', 'features']),
         'methods', 'integrations', 'benchmark', 'studies', 'speed', ('Project', ['contributing.ipynb', 'testing'])]
GALLERY = re.compile(r'<!-- gallery:(.*?)-->')
ORDER = re.compile(r'(?s)<!-- order:(.*?)-->\n?')

def rel(nb): return nb.relative_to(cfg.nbs_path)

def plain(path):
    "The path nbdev's links use, folders as they are: `1_sampling/07_strategies.ipynb` -> `1_sampling/strategies.ipynb`"
    return path.with_name(re.sub(r'^\d+[a-zA-Z0-9]*_', '', path.name))

def page(nb):
    "Where the notebook is on the site: `1_sampling/strategies.html`"
    return plain(rel(nb)).with_suffix('.html').as_posix()

def text_cells(nb):
    cells = json.loads(nb.read_text(encoding='utf-8'))['cells']
    return [''.join(c['source']) for c in cells if c['cell_type']=='markdown']

def title(nb):
    "The heading of the notebook"
    return next((m[1] for t in text_cells(nb) if (m := re.search(r'^# +(.+)', t, re.M))), plain(rel(nb)).stem)

def quote(nb):
    "What stands below the heading of the notebook"
    return next((m[1] for t in text_cells(nb) if (m := re.search(r'^# .+\n+> +(.+)', t, re.M))), '')

def face(folder):
    "The `00_` page of the folder, or None"
    return next(iter(sorted(folder.glob('00_*.ipynb'))), None)

def order(nb):
    "Groups and the pages in each (stems), as the order comment on the page says; a line without a colon has no group"
    found = next((m[1] for t in text_cells(nb) if (m := ORDER.search(t))), '')
    lines = [line.rpartition(':') for line in found.strip().splitlines()]
    return [(group.strip(), stems.split()) for group,_,stems in lines]

def shelf(nb):
    "The pages that the order comment names, as Markdown: what the site shows in its place"
    lines = []
    for group,stems in order(nb):
        if group: lines += ['', f'**{group}**', '']
        pages = [nb.with_name(f'{stem}.ipynb') for stem in stems]
        lines += [f'- [{title(o)}]({plain(rel(o)).name}): {quote(o)}' for o in pages if o.exists()]
    return '\n'.join(lines) + '\n'

def gallery(names):
    "The pages of some rooms, room by room in the order of reading, as lists of links; a room that is not there is left out"
    lines = []
    for folder in [cfg.nbs_path/o for o in names if face(cfg.nbs_path/o)]:
        books = {src(o): o for o in sorted(folder.glob('*.ipynb')) if shown(o)}
        stems = contents(folder, [*books.values()])
        found = [src(face(folder)), *(o for e in stems for o in ([e] if isinstance(e, str) else e['contents']))]
        lines += ['', f'## {title(face(folder))}', '', *(f'- [{title(books[o])}]({o})' for o in found)]
    return '\n'.join(lines) + '\n'

def src(nb): return plain(rel(nb)).as_posix()

def contents(folder, pages):
    "Pages of a room in the order of reading, in groups where its `00_` page makes them"
    left = {nb.stem: nb for nb in pages if nb!=face(folder)}
    groups = order(face(folder)) if face(folder) else []
    res = []
    for group,stems in groups:
        found = [src(left.pop(s)) for s in stems if s in left]
        if found: res += [dict(section=group, contents=found)] if group else found
    return res + [src(nb) for nb in left.values()]

def shown(nb): return not any(part[0] in '_.' for part in rel(nb).parts)

def room(folder):
    "A folder with its pages and the rooms within it, None where it holds no notebook"
    books = sorted(nb for nb in folder.glob('*.ipynb') if shown(nb))
    inner = [r for o in sorted(folder.iterdir()) if o.is_dir() and (r := room(o))]
    if not books and not inner: return None
    front = face(folder)
    name = title(front) if front else re.sub(r'^\d+_', '', folder.name).replace('_', ' ').capitalize()
    return dict(section=name, **(dict(href=src(front)) if front else {}), contents=contents(folder, books)+inner)

def entry(name):
    "A page or a folder, below nbs/, for the table of contents; None where it is not there"
    path = cfg.nbs_path/name
    if path.is_dir(): return room(path)
    return src(path) if path.exists() else None

def sidebar():
    "All rooms with their pages; pages and folders that no room names go to the first room and before the last"
    named = {o for r in ROOMS for o in ([r] if isinstance(r, str) else r[1])}
    found = [o for o in sorted(cfg.nbs_path.iterdir()) if o.name not in named and shown(o)]
    pages,folders = [o.name for o in found if o.suffix=='.ipynb'],[o.name for o in found if o.is_dir()]
    (first,start),*middle,last = ROOMS
    rooms = [(first, start+pages), *middle, *folders, last]
    res = []
    for r in rooms:
        if isinstance(r, str): found = entry(r)
        else:
            inside = [e for o in r[1] if (e := entry(o))]
            found = dict(section=r[0], contents=inside) if inside else None
        if found: res.append(found)
    res[-1]['contents'].append(API)
    return res

API = 'api.md'   # the list of all names, which tools/names.py makes

def titles(): return {src(nb): title(nb) for nb in notebooks()} | {API: 'All names'}

def tree(entries, names):
    "The sidebar as lists: [text, address, [those within it]]; a group has no address"
    address = lambda path: re.sub(r'\.(?:ipynb|md)$', '.html', path) if path else ''
    return [[names[e], address(e), []] if isinstance(e, str) else
            [e['section'], address(e.get('href')), tree(e['contents'], names)] for e in entries]

def listing(entries, names, depth=0):
    "The table of contents as Markdown, for readers without JavaScript"
    lines = []
    for e in entries:
        path,text = (e, names[e]) if isinstance(e, str) else (e.get('href'), e['section'])
        lines.append('    '*depth + '- ' + (f'[{text}]({path})' if path else text))
        if not isinstance(e, str): lines += listing(e['contents'], names, depth+1)
    return lines
