"Run notebooks top to bottom and save their outputs, skipping what `nbdev_test` skips"
import re, subprocess, sys, traceback
from fastcore.script import call_parse
from fastcore.foundation import working_directory
from execnb.nbio import read_nb, write_nb
from execnb.shell import CaptureShell
from nbdev.clean import nbdev_clean
from nbdev.doclinks import nbglob
from nbdev.process import extract_directives
from files import ROOT, cfg
from pictures import lighten

WIDGET = 'application/vnd.jupyter.widget-view+json'

class CellError(Exception): "A cell failed: the message names notebook, heading and cell, and holds the cell's traceback"

def cell_traceback(exc):
    "The traceback of `exc` from the cell on, without IPython's own frames"
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if '/IPython/core/' not in f.filename]
    return ''.join(traceback.format_list(frames) + traceback.format_exception_only(exc))

def skipped(cell, skip):
    "Is `cell` not to be run: no code, a flag in `skip`, `eval: false`, or the export at the end?"
    if cell.cell_type!='code' or 'nbdev_export(' in cell.source: return True
    d = extract_directives(cell, remove=False)
    return bool(skip & d.keys()) or d.get('eval:', [''])[0].lower()=='false'

def noise(out):
    "Is `out` a progress bar, a warning or a widget?"
    return out.get('name')=='stderr' or WIDGET in out.get('data', {})

def run_nb(path, # the notebook
           flags='' # `tst_flags` whose cells run as well, e.g. "slow gpu"
          ):
    "The notebook at `path` with fresh outputs, run in its own folder; skipped cells keep the outputs they have"
    nb,sh,head = read_nb(path),CaptureShell(path),''
    skip = set(cfg.tst_flags.split()) - set(flags.split())
    with working_directory(path.parent):
        for c in nb.cells:
            if c.cell_type=='markdown': head = ([head]+re.findall(r'^#+ +(.+)', c.source, re.M))[-1]
            if skipped(c, skip): continue
            c.outputs = []
            sh.cell(c)
            if sh.exc: raise CellError(f'{path.relative_to(ROOT)} · {head} · cell {c.id}\n{cell_traceback(sh.exc)}')
            c.outputs = [o for o in c.outputs if not noise(o)]
    return nb

@call_parse
def main(path:str=None, # A notebook or folder (default: all)
         flags:str=''): # `tst_flags` to run as well, e.g. "slow gpu"
    "Run notebooks, save and clean their outputs; several run in a process each, so none sees another's settings"
    files = sorted(f.resolve() for f in nbglob(path, as_path=True))
    if len(files)>1:
        rcs = [subprocess.run([sys.executable, __file__, '--path', str(f), '--flags', flags]).returncode for f in files]
        sys.exit(any(rcs))
    sys.path.insert(0, str(ROOT))
    for f in files:
        before = f.read_bytes()
        try: nb = run_nb(f, flags)
        except CellError as e: sys.exit(f'{e}{f.name} is left as it was.')
        if f.read_bytes()!=before: sys.exit(f'{f.name} was edited while it ran: its new outputs are not saved. Run it again.')
        lighten(nb.cells)
        write_nb(nb, f)
        nbdev_clean.__wrapped__(str(f))
        print(f.relative_to(ROOT))
