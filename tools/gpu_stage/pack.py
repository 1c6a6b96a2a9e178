"""A folder with everything that the GPU page needs on a machine with only PyTorch, NumPy and transformers

    python tools/gpu_stage/pack.py runs/gpu_stage      here
    python gpu_stage                                   there: the rows of nbs/results/gpu_speed.json
    python gpu_stage --tests                           there: pytest -m gpu

It holds textclip, the packages below (pure Python, in the versions of this environment), and the tests that want a GPU.
`__main__.py`, which is copied along, measures; it needs nothing of this repository but what lies beside it. The tests
read images and tables: they want torchvision, Pillow, pandas, SciPy, scikit-learn, matplotlib and PyArrow there as well.
"""
import argparse, platform, shutil, subprocess, sys, tempfile, zipfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = 'fastcore open_clip_torch ftfy wcwidth lazy-loader tabulate'.split()
FOR_TESTS = 'pytest pluggy iniconfig datasets dill multiprocess'.split()
CODE = shutil.ignore_patterns('__pycache__', '*.pyi', '_modidx.py')

def unpack_packages(packages, folder, python):
    "Unpack their wheels, which run on any machine, into `folder`"
    with tempfile.TemporaryDirectory() as d:
        wanted = [f'{p}=={version(p)}' for p in packages]
        options = ['--quiet', '--no-deps', '--only-binary=:all:', '--platform=any', f'--python-version={python}', '--dest', d]
        subprocess.run([sys.executable, '-m', 'pip', 'download', *options, *wanted], check=True)
        for wheel in sorted(Path(d).glob('*.whl')):
            with zipfile.ZipFile(wheel) as z: z.extractall(folder)

def copy_tests(folder):
    "Copy the test files that want a GPU, and what they stand in"
    (folder/'tests').mkdir()
    for path in sorted((ROOT/'tests').glob('*.py')):
        text = path.read_text(encoding='utf-8')
        if path.name!='conftest.py' and 'pytest.mark.gpu' not in text: continue
        shutil.copy(path, folder/'tests')
        for line in text.splitlines():
            if line.startswith('NOTEBOOK ='): (folder/line.split("'")[1]).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT/'pyproject.toml', folder)

def pack(folder, python):
    "Fill `folder`, which must not be there yet"
    if folder.exists(): sys.exit(f'{folder} is there already. Name a new folder, or remove it.')
    folder.mkdir(parents=True)
    shutil.copytree(ROOT/'textclip', folder/'textclip', ignore=CODE)
    shutil.copy(HERE/'__main__.py', folder)
    unpack_packages(PACKAGES, folder, python)
    copy_tests(folder)
    unpack_packages(FOR_TESTS, folder/'for_tests', python)
    commit = subprocess.run(['git', 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'], cwd=ROOT,
        capture_output=True, text=True)
    (folder/'commit').write_text(commit.stdout.strip())
    size = sum(p.stat().st_size for p in folder.rglob('*') if p.is_file())
    print(f'{folder}: {size/2**20:.1f} MiB. There: python {folder.name}')

if __name__=='__main__':
    p = argparse.ArgumentParser()
    p.add_argument('folder', nargs='?', default='runs/gpu_stage', type=Path)
    p.add_argument('--python', default='.'.join(platform.python_version_tuple()[:2]), help='version of Python there')
    o = p.parse_args()
    pack(o.folder, o.python)
