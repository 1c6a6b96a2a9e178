"Links between notebooks lead somewhere: tools/habits.py finds those that do not"
import json, sys
from pathlib import Path
import pytest

TOOLS = Path(__file__).resolve().parent.parent/'tools'
pytestmark = pytest.mark.skipif(not TOOLS.is_dir(), reason='the tools are not part of the package')

@pytest.fixture(scope='module')
def habits():
    sys.path.insert(0, str(TOOLS))
    import habits
    yield habits
    sys.path.remove(str(TOOLS))

@pytest.fixture
def page(tmp_path):
    "A notebook in a room, beside another with a heading and a function"
    cells = [dict(cell_type='markdown', source=['# A page\n', '\n', '## What goes in, and out\n']),
             dict(cell_type='code', source=['def ask(): pass\n'])]
    (tmp_path/'room').mkdir()
    (tmp_path/'01_other.ipynb').write_text(json.dumps(dict(cells=cells)), encoding='utf-8')
    mine = tmp_path/'room'/'02_mine.ipynb'
    mine.write_text(json.dumps(dict(cells=[])), encoding='utf-8')
    return mine

@pytest.mark.parametrize('prose,says', [
    ('See [there](01_other.ipynb).', 'leads to no file'),
    ('See [there](../02_other.ipynb).', 'leads to no file'),
    ('See [there](../01_other.ipynb#nowhere).', 'leads to no heading'),
    ('See [above](#gone).', 'leads to no heading')])
def test_dead_links_are_found(habits, page, prose, says):
    found = list(habits.dead_links(page, prose))
    assert len(found)==1 and says in found[0]

def test_living_links_are_no_fault(habits, page):
    prose = """[a](../01_other.ipynb) [b](../01_other.ipynb#what-goes-in-and-out) [c](../01_other.ipynb#ask)
[d](https://example.org/x.ipynb) `f[x](y)`
```
g[0](no.ipynb)
```"""
    assert list(habits.dead_links(page, prose))==[]
