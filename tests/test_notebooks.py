"Notebooks that export nothing (index, tutorials) run whole; the others become tests section by section"
import pytest
from cells import read_cells
from files import ROOT, notebooks
from run_nbs import run_nb

whole = [f for f in notebooks() if not read_cells(f)[0]]

@pytest.mark.parametrize('path', whole, ids=[f.relative_to(ROOT).as_posix() for f in whole])
def test_notebook(path): run_nb(path)
