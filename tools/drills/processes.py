"""Two to four processes on one store and one journal

    python tools/drills/processes.py [SEED]

All must get the same answers and features; no question may be paid for twice; nothing that is stored may look damaged
to another; and where one is killed, the others go on.
"""
import random, sys, tempfile, time
from functools import partial
from pathlib import Path
import _jobs, _record
from _jobs import counted

def shared(work, place, folder):
    "A job whose journal and store are those of all processes"
    for name in ('journal', 'store', 'out', 'run'):
        if not (folder/name).is_symlink(): (folder/name).symlink_to(place/name, target_is_directory=True)
    work(folder)

def drill(work, n, event, root, rng):
    "One row: n processes with one job, and something that happens meanwhile"
    place = root/f'{work.__name__}-{n}-{event}'
    folders = [place/str(i) for i in range(n)]
    for o in (*folders, *(place/k for k in ('journal', 'store', 'out', 'run'))): o.mkdir(parents=True)
    (place/'pictures').symlink_to(root/'pictures')
    pids = [_record.start(partial(shared, work, place), o) for o in folders]
    killed = 0
    if event=='one is killed':
        time.sleep(rng.uniform(.05, .5))
        if _record.ended(pids[0], 0) is None:
            _record.kill(pids[0])
            killed = 1
    if event=='the store is cleared': _clear(place)
    codes = [_record.ended(pid, 120) for pid in pids[killed:]]
    found = [_jobs.result(o) for o in folders[killed:]]
    said = [_record.last_line(o) for o,code in zip(folders[killed:], codes) if code]
    damaged = sum((o/'log').read_text(errors='replace').count('not as') for o in folders)
    same = len(set(map(str, found)))==1 and None not in found
    return dict(job=work.__name__, processes=n, event=event, killed=killed, same=same,
        computed=sum(counted(o) for o in folders), called_damaged=damaged, failed=said[0] if said else '')

def _clear(place):
    "What `textclip store clear` does, while others work"
    from textclip.core.store_upkeep import clear_store
    for _ in range(20):
        for kind in ('image', 'text', 'llm'): clear_store(kind, root=place/'store', dry_run=False)
        time.sleep(.02)

if __name__=='__main__':
    seed = int(sys.argv[1]) if len(sys.argv)>1 else int(time.time())
    rng = random.Random(seed)
    import textclip.benchmark.runner, textclip.methods.gda
    wanted,rows = dict(sampling=_jobs.QUESTIONS, images=_jobs.IMAGES, texts=_jobs.TEXTS, benchmark=9),[]
    with tempfile.TemporaryDirectory() as d:
        _jobs.pictures(Path(d)/'pictures')
        for name in wanted:
            for n in (2, 3, 4):
                for event in ('nothing', 'one is killed', 'the store is cleared'):
                    row = drill(_jobs.JOBS[name], n, event, Path(d), rng) | dict(needed=wanted[name], seed=seed)
                    # an answer is paid for once, but for what was under way in a process that was killed
                    once = name!='sampling' or row['computed']<=row['needed']+row['killed']
                    held = row['same'] and once and not (row['failed'] or row['called_damaged'])
                    rows.append(row | dict(held=held))
    _record.save('processes', rows)
