"Build textclip from settings.ini, its one configuration"
import re
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

root = Path(__file__).resolve().parent
ini = ConfigParser(delimiters=['='])
ini.read(root/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
name, extra = cfg['lib_name'], '_requirements'
readme = root/'README.md'
statuses = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']
minor = int(cfg['min_python'].split('.')[1])

def absolute(url, folder):
    "A link of README.md as it leads from anywhere: a package index shows the text without the repository around it"
    return url if re.match(r'[a-z][a-z+.-]*:|#', url) else f"{cfg['git_url']}/{folder}/{cfg['branch']}/{url}"

def description():
    "README.md with absolute links and pictures; code blocks as they are"
    if not readme.exists(): return ''
    parts = re.split(r'(?ms)(^```.*?^```[^\n]*$)', readme.read_text(encoding='utf-8'))
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r'(!\[[^\]]*\]\()([^)\s]+)', lambda m: m[1] + absolute(m[2], 'raw'), parts[i])
        parts[i] = re.sub(r'((?<!!)\[[^\]]*\]\()([^)\s]+)', lambda m: m[1] + absolute(m[2], 'blob'), parts[i])
        parts[i] = re.sub(r'\bsrc="([^"]+)"', lambda m: f'src="{absolute(m[1], "raw")}"', parts[i])
        parts[i] = re.sub(r'\bhref="([^"]+)"', lambda m: f'href="{absolute(m[1], "blob")}"', parts[i])
    return ''.join(parts)

setup(
    name=name, version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    project_urls=dict(Documentation=cfg['doc_host']+cfg['doc_baseurl'], Source=cfg['git_url']),
    license_expression=cfg['license'], license_files=['LICENSE'],
    long_description=description(),
    long_description_content_type='text/markdown',
    classifiers=[
        f"Development Status :: {statuses[int(cfg['status'])-1]}",
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        *(f'Programming Language :: Python :: 3.{v}' for v in range(minor, 14))],
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg['requirements'].split(),
    extras_require={k[:-len(extra)]: v.split() for k,v in cfg.items() if k.endswith(extra)},
    packages=find_packages(include=[name, f'{name}.*']),
    package_data={name: ['**/*.jsonl', '**/*.pyi', 'py.typed']},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{name}={name}._modidx:d']},
    zip_safe=False,
)
