"""Fifty-five things that can be wrong with a disk, while jobs with stand-ins use it

    python tools/drills/storage_faults.py

Each job runs once, then something is done to what it keeps, and it runs again. It must give the same result, or one
sentence (`TextclipError`); never a traceback, and never another result.
"""
import os, resource, shutil, signal, tempfile
from functools import partial
from pathlib import Path
import _jobs, _record

def kept(folder):
    "The files that a job keeps, the largest first"
    names = ('store', 'journal', 'run', 'out')
    files = [p for name in names for p in (folder/name).rglob('*') if p.is_file() and not p.name.endswith('.lock')]
    return sorted(files, key=lambda p: (-p.stat().st_size, p.name))

def change_bits(folder):
    for p in kept(folder):
        raw = bytearray(p.read_bytes())
        for at in range(len(raw)//3, len(raw), max(1, len(raw)//5)): raw[at] ^= 4
        p.write_bytes(raw)

def cut(folder):
    for p in kept(folder): p.write_bytes(p.read_bytes()[:p.stat().st_size*2//3])

def empty(folder):
    for p in kept(folder): p.write_bytes(b'')

def swap(folder):
    "Each file gets the content of the next of its kind"
    for suffix in {p.suffix for p in kept(folder)}:
        files = [p for p in kept(folder) if p.suffix==suffix]
        contents = [p.read_bytes() for p in files]
        for p,content in zip(files, contents[1:] + contents[:1]): p.write_bytes(content)

def folders_for_files(folder):
    for p in kept(folder):
        p.unlink()
        p.mkdir()

def remove_half(folder):
    for p in kept(folder)[::2]: p.unlink()

def other_text(folder):
    for p in kept(folder): p.write_bytes(b'5\n{}\n[]\nnull\n' + b'['*5000 + b'\n')

DAMAGE = [change_bits, cut, empty, swap, folders_for_files, remove_half, other_text]

def full_disk(work, folder):
    "No file may be longer than 300 bytes"
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    run(work, folder)

def read_only(work, folder):
    "The job's folder cannot be written, by a user who is not root"
    for p in (folder, *folder.rglob('*')): p.chmod(0o555 if p.is_dir() else 0o444)
    if os.geteuid()==0: os.setuid(65534)
    run(work, folder)

def files_in_the_way(work, folder):
    "A file stands where each folder should be"
    for name in ('store', 'journal', 'run', 'out'):
        shutil.rmtree(folder/name, ignore_errors=True)
        (folder/name).touch()
    run(work, folder)

def vanishing(work, folder):
    "All that is kept is removed ten times while the job runs"
    def remove(*_):
        for name in ('store', 'journal', 'run'): shutil.rmtree(folder/name, ignore_errors=True)
    signal.signal(signal.SIGALRM, remove)
    signal.setitimer(signal.ITIMER_REAL, .05, .05)
    run(work, folder)

PLACES = [full_disk, read_only, files_in_the_way, vanishing]

def run(work, folder):
    "Run a job; its result, or the one sentence that it ends with, goes into a file that can always be written"
    said = folder.parent/'said'/folder.name
    _jobs.leave = lambda _,value: said.write_text(f'result {_jobs.as_json(value)}')
    _jobs.count = lambda *_: None                        # a folder that cannot be written has no place to count
    from textclip.core.basics import TextclipError
    try: work(folder)
    except TextclipError as e: said.write_text(f'sentence {e}')

def outcome_of(job, folder):
    "(what a job said, its exit status)"
    said = folder.parent/'said'/folder.name
    for p in (said, folder/'log'):
        p.write_text('')
        p.chmod(0o666)
    code = _record.ended(_record.start(job, folder), 120)
    return said.read_text(),code

def drill(work, fault, whole, wanted):
    "One row: a job that is done, a fault, and the job again; with folders that vanish, from the beginning"
    folder = whole.with_name(f'{work.__name__}-{fault.__name__}')
    if fault is vanishing: folder.mkdir()
    else: shutil.copytree(whole, folder)
    if fault in DAMAGE:
        fault(folder)
        said,code = outcome_of(partial(run, work), folder)
    else: said,code = outcome_of(partial(fault, work), folder)
    kind = said.partition(' ')[0] or 'raw'
    if kind=='result': kind = 'the same result' if said==wanted else 'another result'
    warnings = (folder/'log').read_text(errors='replace').count('TextclipWarning: ')
    detail = dict(sentence=said.removeprefix('sentence ')).get(kind, _record.last_line(folder) if kind=='raw' else '')
    return dict(job=work.__name__, fault=fault.__name__.replace('_', ' '), outcome=kind, warnings=warnings,
        said=detail.replace(str(whole.parent), '...')[:200], held=code==0 and kind in ('the same result', 'sentence'))

def drills_of(work, root):
    "The rows of one job"
    whole = root/f'{work.__name__}-whole'
    whole.mkdir()
    wanted,code = outcome_of(partial(run, work), whole)
    if not wanted.startswith('result'): raise SystemExit(f'{work.__name__}: {_record.last_line(whole)}')
    return [drill(work, fault, whole, wanted) for fault in [*DAMAGE, *PLACES]]

if __name__=='__main__':
    # all that is needed, before a job becomes a user who may not read the interpreter's folders
    import textclip.benchmark.runner, textclip.methods.gda, torch._dynamo
    with tempfile.TemporaryDirectory() as d:
        root = Path(d)
        root.chmod(0o755)
        (root/'said').mkdir()
        _jobs.pictures(root/'pictures')
        rows = [row for work in _jobs.JOBS.values() for row in drills_of(work, root)]
    _record.save('storage_faults', rows)
