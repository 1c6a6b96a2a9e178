"""Make .venv and install textclip into it from requirements.lock; what stands in the way is said in one sentence

`make` runs this with whatever Python is there, so it has to be readable by old ones: nothing but the standard library, no f-strings, no annotations.
Run again after a failure it goes on: a half-made .venv is made anew, what was downloaded is in pip's cache.
"""
import os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AGAIN = 'run the same command again; it goes on from there.'

# What pip, venv or the system say -> what it means. The first that fits is said.
MEANINGS = [
    (r'No space left on device|Disk quota exceeded|not enough space',
        'The disk is full: setting up takes about 6 GB in {venv}, and as much for a while in the folder for temporary files (TMPDIR). Free some space and ' + AGAIN),
    (r'DO NOT MATCH THE HASHES',
        'A package is not the file that requirements.lock names{package}: was it changed on its way? Check the index or proxy that pip uses and ' + AGAIN),
    (r'NewConnectionError|ConnectTimeout|ReadTimeout|ConnectionError|ConnectionReset|Connection refused|ProxyError|Network is unreachable|name resolution'
     r'|Name or service not known|timed out|SSLError',
        'The package index cannot be reached. Check the network (or the proxy and index that pip uses) and ' + AGAIN),
    (r'No matching distribution found for (?P<name>\S+)',
        'The package index has no {name} for this Python and machine. Is it Linux, macOS or Windows on a 64-bit processor, with Python {oldest} to 3.13?'),
    (r'ensurepip|No module named \'?venv|No module named \'?pip',
        'This Python ({python}) cannot make environments: its modules venv and ensurepip are missing. Install them (on Debian: apt-get install python3-venv) and ' + AGAIN),
    (r'Permission denied|Read-only file system',
        'The folder {venv} cannot be written to. Change its permissions, or clone into a folder of yours, and ' + AGAIN)]

def oldest_python():
    "The oldest Python that settings.ini allows, e.g. '3.11'"
    with open(os.path.join(ROOT, 'settings.ini')) as f: return re.search(r'(?m)^min_python *= *([\d.]+)', f.read()).group(1)

def numbers(version): return tuple(int(o) for o in version.split('.')[:2])

def meaning(said, venv, python=sys.executable):
    "One sentence for what the commands said"
    for pattern,sentence in MEANINGS:
        found = re.search(pattern, said)
        if not found: continue
        package = re.search(r'(?m)^\s+(\S+) from \S+:?$', said[found.start():])
        name = found.groupdict().get('name') or ''
        return sentence.format(venv=venv, python=python, name=name, package=' (' + package.group(1) + ')' if package else '', oldest=oldest_python())
    lines = [l.strip() for l in said.splitlines() if l.strip()]
    errors = [l for l in lines if l.lower().startswith('error')] or lines or ['no reason was given']
    return 'Setting up failed: ' + errors[-1] + ' Mend that and ' + AGAIN

class Stop(Exception):
    "Set-up cannot go on; the sentence that says why"

def run(venv, *command):
    "Run a command; where it fails, `Stop` with what that means"
    try: process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as e: raise Stop(meaning(str(e), venv))
    said = process.communicate()[0].decode('utf-8', 'replace')
    if process.returncode: raise Stop(meaning(said, venv))
    return said

def check_python(version, where, oldest):
    "Is this Python new enough?"
    if numbers(version)>=numbers(oldest): return
    raise Stop('Python ' + oldest + ' or newer is needed, and ' + where + ' is Python ' + version
        + '. Name a newer one: make setup PYTHON=python' + oldest + ' (then the same command works).')

def works(python):
    "Does the environment's Python start, and has it pip?"
    try: process = subprocess.Popen([python, '-c', 'import pip'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError: return False
    process.communicate()
    return process.returncode==0

def make_environment(venv):
    "An environment that works: the one that is there, or a new one in its place"
    python = os.path.join(venv, 'bin', 'python')
    if works(python):
        check_python(run(venv, python, '-c', 'import platform; print(platform.python_version())').strip(), python, oldest_python())
        return python
    check_python('.'.join(map(str, sys.version_info[:3])), sys.executable, oldest_python())
    if os.path.exists(venv) and os.listdir(venv): print('The environment in ' + venv + ' is not whole: it is made anew')
    run(venv, sys.executable, '-m', 'venv', '--clear', venv)
    if not works(python): raise Stop(meaning('ensurepip', venv))
    return python

EXTRAS = 'offline,llm,index,diffusion,onnx,ray,dev'

def wanted(versions):
    "Arguments of pip for what is to be installed: the lock, the newest of everything, or what another file of requirements names"
    if versions=='newest': return ['--upgrade', '.[' + EXTRAS + ']']
    return (['--require-hashes'] if versions=='requirements.lock' else []) + ['-r', versions]

def main(versions='requirements.lock'):
    venv = os.path.join(ROOT, '.venv')
    try:
        python = make_environment(venv)
        print('Installing textclip and what it needs into .venv (about 6 GB, once)')
        sys.stdout.flush()
        pip = [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '2']
        run(venv, *(pip + wanted(versions)))
        run(venv, *(pip + ['--no-deps', '--no-build-isolation', '--config-settings', 'editable_mode=compat', '-e', '.']))
    except Stop as e: sys.exit('textclip: ' + str(e))
    except KeyboardInterrupt: sys.exit('textclip: stopped; ' + AGAIN)
    except OSError as e: sys.exit('textclip: ' + meaning(str(e), venv))

if __name__=='__main__': main(*sys.argv[1:])
