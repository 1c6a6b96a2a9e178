"The house: rooms import downwards, faces are small and true, and nothing reaches into another module's private names"
import ast, functools, importlib, json, re, subprocess, sys
from pathlib import Path
import pytest

ROOT = Path(__file__).resolve().parent.parent/'textclip'
NBS = ROOT.parent/'nbs'
ROOMS = ('core types data encoders features sampling synthesis alignment training evaluation testing '
         'pipeline reasons answers integrations methods benchmark app cli').split()
STARS = {'textclip.core', 'textclip.types'}          # the two faces that may be imported with *
MOST_LINES, MOST_ON_A_FACE, MOST_ON_FACES, MOST_PUBLIC = 400, 45, 320, 480

def name_of(path):
    "'textclip.sampling.llms.load' for a file; a face is called like its folder"
    return '.'.join(('textclip', *path.relative_to(ROOT).with_suffix('').parts)).removesuffix('.__init__')

MODULES = {name_of(p): p for p in sorted(ROOT.rglob('*.py')) if p.name!='_modidx.py'}
FACES = {m: p for m,p in MODULES.items() if p.name=='__init__.py'}

@functools.cache
def imports(module):
    "(imported module, name, line) of every import of our own in a module, those inside functions too"
    return [*found_imports(module)]

def found_imports(module):
    path = MODULES[module]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if not isinstance(node, ast.ImportFrom): continue
        parts = module.split('.') if path.name=='__init__.py' else module.split('.')[:-1]
        base = '.'.join(parts[:len(parts)-node.level+1]) if node.level else ''
        target = '.'.join(o for o in (base, node.module) if o)
        if target!='textclip' and not target.startswith('textclip.'): continue
        for alias in node.names:
            inner = f'{target}.{alias.name}'
            yield (inner, '', node.lineno) if inner in MODULES and inner!=module else (target, alias.name, node.lineno)

def room(module):
    "The number of a module's room; the front door stands above all of them"
    parts = module.split('.')
    return ROOMS.index(parts[1]) if len(parts)>1 else len(ROOMS)

@pytest.mark.parametrize('module', MODULES)
def test_imports_run_downwards(module):
    bad = [f'{module}:{line} imports {target}, which stands above it'
           for target,_,line in imports(module) if room(target)>room(module)]
    assert not bad, '\n'.join(bad)

@pytest.mark.parametrize('module', MODULES)
def test_private_names_stay_at_home(module):
    bad = [f'{module}:{line} takes {name} from {target}' for target,name,line in imports(module) if re.match('_(?!_)', name)]
    assert not bad, '\n'.join(bad)

@pytest.mark.parametrize('module', MODULES)
def test_stars_only_from_core_and_types(module):
    bad = [f'{module}:{line} from {target} import *' for target,name,line in imports(module) if name=='*' and target not in STARS]
    assert not bad, '\n'.join(bad)

@pytest.mark.parametrize('module', [m for m in MODULES if m not in FACES])
def test_a_module_avoids_the_face_of_its_own_room(module):
    own = {module.rsplit('.', n)[0] for n in range(1, module.count('.'))}
    bad = [f'{module}:{line} takes {name} from {target}; name its module' for target,name,line in imports(module) if target in own]
    assert not bad, '\n'.join(bad)

def test_no_circles():
    graph = {m: {t for t,_,_ in imports(m) if t in MODULES and t!=m} for m in MODULES}
    for m in FACES: graph[m] = set()          # a face may name what stands in its room
    done, trail = set(), []
    def visit(m):
        assert m not in trail, ' -> '.join([*trail[trail.index(m):], m])
        if m in done: return
        trail.append(m)
        for t in graph[m]: visit(t)
        done.add(trail.pop())
    for m in graph: visit(m)

def listed(path):
    "The names in `__all__` of a file"
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '')=='__all__': return [e.value for e in node.value.elts]
    return []

@pytest.mark.parametrize('face', FACES)
def test_faces_are_small(face):
    names,folder = listed(FACES[face]),FACES[face].parent
    assert len(names)<=MOST_ON_A_FACE or folder==ROOT
    same = [n for n in names if (folder/f'{n}.py').exists() or (folder/n).is_dir()]
    assert not same, f'{same}: a module must not be called like a name on its face'

@pytest.mark.parametrize('face', FACES)
def test_faces_are_true(face):
    "Every name on a face is in its table of parts, once, and leads to something"
    module = importlib.import_module(face)
    table = [n for names in getattr(module, '_parts', {}).values() for n in names]
    assert sorted(table)==sorted(listed(FACES[face]))
    for name in table: assert getattr(module, name) is not None
    assert set(table)<=set(dir(module))

def test_few_names_are_public():
    faces = {n for m,p in FACES.items() for n in listed(p)}
    public = [n for m,p in MODULES.items() if m not in FACES for n in listed(p)]
    assert len(faces)<=MOST_ON_FACES and len(public)<=MOST_PUBLIC, (len(faces), len(public))

@pytest.mark.parametrize('path', MODULES.values(), ids=lambda p: name_of(p))
def test_modules_are_read_in_a_sitting(path):
    assert sum(bool(line.strip()) for line in path.read_text(encoding='utf-8').splitlines())<=MOST_LINES

def test_the_front_door_is_light():
    heavy = ('torch', 'datasets', 'transformers', 'open_clip', 'pandas', 'matplotlib', 'numpy')
    code = f"import sys, textclip; print(*[m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT.parent, capture_output=True, text=True).stdout
    assert not found.split()

def test_notebook_numbers_are_the_import_order():
    where = {}
    for nb in NBS.rglob('*.ipynb'):
        cells = json.loads(nb.read_text(encoding='utf-8'))['cells']
        found = re.search(r'#\| default_exp ([\w.]+)', '\n'.join(''.join(c['source']) for c in cells))
        number = re.match(r'(\d\d)_', nb.name)
        if found and number and number[1]!='00': where['textclip.'+found[1]] = (nb.parent, int(number[1]))
    bad = [f'{m} comes before {t}, which it imports' for m in where if m in MODULES for t,_,_ in imports(m)
           if t in where and where[t][0]==where[m][0] and where[t][1]>where[m][1]]
    assert not bad, '\n'.join(bad)

def test_every_room_has_its_page():
    for m,p in FACES.items():
        if p.parent!=ROOT: assert re.search(r'File to edit: .*00_\w+\.ipynb', p.read_text(encoding='utf-8')), f'{m} has no 00_ page'
