"""A hundred kills: the same program is started again and again, and killed at a moment it does not choose

    python tools/drills/kills.py [SEED]

Sampling, features of images and of texts, training and a benchmark with small stand-ins, and the encoder `lite`. What
comes out in the end must be what a run without interruption gives, and nothing may be computed twice beyond what was
under way.
"""
import random, sys, tempfile, time
from pathlib import Path
import _jobs, _record
from _jobs import count, counted, leave, result

# name -> (kills, what one of them may cost at most)
DRILLS = dict(sampling=(30, 1), images=(25, 24), texts=(20, 28), training=(10, 5), benchmark=(10, 1), lite=(5, 16))

def lite_images(folder):
    "Features by `lite`, eight images stored together"
    from textclip.core.basics import Store
    from textclip.data.images import ImageSplit
    from textclip.features.extract import image_features
    encode = LITE.encode_pixels
    def counting(x, **parts):
        count(folder, len(x))
        return encode(x, **parts)
    LITE.encode_pixels,LITE.batch_size = counting,8
    split = ImageSplit(sorted((folder.parent/'pictures').glob('*.png'))[:48])
    leave(folder, image_features(split, LITE, Store(folder/'store'), shard=8).x)

def whole_run(work, folder):
    "(result, what it computed, its seconds) of a run that nobody kills"
    folder.mkdir()
    began = time.monotonic()
    code = _record.ended(_record.start(work, folder), 300)
    if code: raise SystemExit(f'{folder.name}: {_record.last_line(folder)}')
    return result(folder),counted(folder),time.monotonic()-began

def drill(name, work, root, kills, most, rng):
    "One row: kills in rounds of at most six, each round until the program comes through"
    wanted,needed,seconds = whole_run(work, root/f'{name}-whole')
    done,rounds,same,extra,failed = 0,0,0,0,''
    while done<kills:
        folder = root/f'{name}-{rounds}'
        folder.mkdir()
        here = 0
        while True:
            pid = _record.start(work, folder)
            patience = rng.uniform(.1, .8)*seconds if done<kills and here<6 else 300
            code = _record.ended(pid, patience)
            if code is None:
                _record.kill(pid)
                done,here = done+1,here+1
                continue
            if code: failed = _record.last_line(folder)
            break
        rounds += 1
        same += result(folder)==wanted
        extra += max(0, counted(folder)-needed)
        if failed: break
    held = not failed and same==rounds and extra<=done*most
    return dict(what=name, kills=done, runs=rounds, identical=same, computed=needed, again=extra, most=done*most,
        failed=failed, held=held)

if __name__=='__main__':
    seed = int(sys.argv[1]) if len(sys.argv)>1 else int(time.time())
    rng = random.Random(seed)
    from textclip.encoders.load import load_encoder
    import textclip.benchmark.runner, textclip.methods.gda
    LITE = load_encoder('lite')
    jobs = _jobs.JOBS | dict(lite=lite_images)
    with tempfile.TemporaryDirectory() as d:
        _jobs.pictures(Path(d)/'pictures')
        rows = [drill(k, jobs[k], Path(d), *DRILLS[k], rng) | dict(seed=seed) for k in DRILLS]
    _record.save('kills', rows)
