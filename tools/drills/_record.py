"What the drills share: work in a process that may be killed, and a file of what was found"
import json, os, signal, sys, time, traceback
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2]/'nbs'/'results'/'drills'

def start(work, folder, log='log'):
    "Run `work(folder)` in a process of its own, with everything that is imported here; its number"
    sys.stdout.flush()
    if pid := os.fork(): return pid
    code = 1
    try:
        out = os.open(Path(folder)/log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2): os.dup2(out, stream)
        work(Path(folder))
        code = 0
    except BaseException: traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

def ended(pid, seconds):
    "The exit status of a process that ends within some seconds, None where it does not"
    until = time.monotonic()+seconds
    while True:
        found,status = os.waitpid(pid, os.WNOHANG)
        if found: return os.waitstatus_to_exitcode(status)
        if time.monotonic()>until: return None
        time.sleep(.002)

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

def last_line(folder, log='log'):
    "What a process said last"
    path = Path(folder)/log
    lines = path.read_text(errors='replace').strip().splitlines() if path.exists() else []
    return lines[-1][:300] if lines else ''

def save(name, rows):
    "Write `nbs/results/drills/NAME.json`; exit status 1 where a row is not as it should be"
    RESULTS.mkdir(parents=True, exist_ok=True)
    found = dict(name=name, command=f'python tools/drills/{name}.py', date=time.strftime('%Y-%m-%d'), rows=rows)
    (RESULTS/f'{name}.json').write_text(json.dumps(found, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    bad = [r for r in rows if not r['held']]
    for r in bad: print('BROKE', json.dumps(r, ensure_ascii=False))
    print(f'{name}: {len(rows)-len(bad)} of {len(rows)} held')
    sys.exit(bool(bad))
