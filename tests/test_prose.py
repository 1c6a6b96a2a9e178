"What the prose of the notebooks calls must exist: tools/blocks.py finds what does not"
import sys
from pathlib import Path
import pytest

TOOLS = Path(__file__).resolve().parent.parent/'tools'
pytestmark = pytest.mark.skipif(not TOOLS.is_dir(), reason='the tools are not part of the package')

@pytest.fixture(scope='module')
def blocks():
    sys.path.insert(0, str(TOOLS))
    import blocks
    yield blocks
    sys.path.remove(str(TOOLS))

@pytest.fixture(scope='module')
def package(blocks): return blocks.package()

def test_every_call_in_prose_exists(blocks): assert blocks.faults()==[]

@pytest.mark.parametrize('text,says', [
    ('```python\nsupport = retrieve(task, index)\n```', 'calls retrieve(), which does not exist'),
    ('```python\nTAP(stepz=3)\n```', "TAP() takes no 'stepz'"),
    ('```python\nCoOp(chunks=3)\n```', "CoOp() takes no 'chunks'"),                    # the field is one of its base class
    ('```python\nthreshold_from(evaluation, per_clas=True)\n```', "threshold_from() takes no 'per_clas'"),
    ('Write `sample_text(task)` first.', 'calls sample_text(), which does not exist'),
    ('```python\nfor x in\n```', 'a block is no Python')])
def test_what_does_not_exist_is_found(blocks, package, text, says):
    found = list(blocks.look(text, *package))
    assert len(found)==1 and says in found[0]

def test_what_exists_is_no_fault(blocks, package):
    text = """```python
from elsewhere import other
def mine(x): return other(x)
clf = TAP(steps=3, noise=.1).fit(task, encoder, texts=texts)
print(mine(CoOp(chunk=3)))
```
`TAP(recipe='ours')` and `len(x)`."""
    assert list(blocks.look(text, *package))==[]
