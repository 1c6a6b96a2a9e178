# Two commands do everything, set-up included:  make demo  ·  make test
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: help demo test drills setup export docs browse check wheel lock setup-lowest setup-newest clean

help:
	@echo "make demo    class names -> texts -> classifier, on real photographs (report in runs/demo)"
	@echo "make test    the tests (more: make test PYTEST_ARGS='-m slow')"
	@echo "make drills  kills, wrong servers, broken disks and files, several processes (15 minutes; results in nbs/results/drills)"
	@echo "make setup   only create .venv and install (another Python: make setup PYTHON=python3.12)"
	@echo "make export  after editing a notebook: modules, their stubs, clean notebooks, pictures, tests, README, CONTRIBUTING"
	@echo "make docs    the site in docs/, from the notebooks as they are"
	@echo "make browse  look at every page of it in Chromium (pictures in runs/browse)"
	@echo "make check   is all of that in sync? names what is not, changes nothing"
	@echo "make wheel   build the package and try it as users get it, in a new environment (about 6 GB for a while)"
	@echo "make lock    requirements.lock anew, from settings.ini: the one place where versions move"
	@echo "make clean   remove .venv, builds and caches (runs/ stays)"

$(READY): requirements.lock settings.ini setup.py
	@command -v $(PYTHON) >/dev/null || { echo "textclip: there is no $(PYTHON) here; install Python 3.11 or newer, or name it: make setup PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) tools/setup_env.py
	@touch $@

setup: $(READY)

demo: $(READY)
	$(BIN)/textclip demo $(DEMO_ARGS)

test: $(READY)
	$(BIN)/python -m pytest -q tests -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

drills: $(READY)
	bad=0; for f in $(notdir $(wildcard tools/drills/[a-z]*.py)); do \
	case $$f in fuzz.py) bound="--seconds 240";; memory.py) bound="--photos 30,120 --predictions 50000";; *) bound=;; esac; \
	nice $(BIN)/python tools/drills/$$f $$bound || bad=1; done; exit $$bad

wheel: $(READY)
	$(BIN)/python tools/check_wheel.py

export: $(READY)
	$(BIN)/nbdev_export
	$(BIN)/nbdev_clean
	$(BIN)/python tools/stubs.py
	$(BIN)/python tools/pictures.py
	$(BIN)/python tools/export_tests.py
	$(BIN)/python tools/readme.py

docs: $(READY)
	$(BIN)/python tools/docs.py

browse: $(READY)
	$(BIN)/python -c 'import playwright' 2>/dev/null || $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[browse]'
	$(BIN)/python tools/browse.py

check: $(READY)
	$(BIN)/python tools/check.py

# uv resolves for all platforms and Pythons at once, and to the lowest versions; what installs is plain pip
EXTRAS := offline llm index heic diffusion onnx app ray dev
UV := .venv-uv/bin/uv
RESOLVE = $(UV) pip compile -q --upgrade setup.py $(EXTRAS:%=--extra %) --python-version 3.11 --no-annotate

$(UV):
	$(PYTHON) -m venv --clear .venv-uv && .venv-uv/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.9'

lock: $(UV)
	$(RESOLVE) --universal --generate-hashes --constraint tools/constraints.txt --custom-compile-command 'make lock' -o requirements.lock

# The two ends of the ranges in settings.ini instead of the lock (workflow "versions")
setup-lowest: $(UV)
	$(RESOLVE) --resolution lowest-direct -o .venv-uv/lowest.txt
	$(PYTHON) tools/setup_env.py .venv-uv/lowest.txt && touch $(READY)

setup-newest:
	$(PYTHON) tools/setup_env.py newest && touch $(READY)

clean:
	rm -rf .venv .venv-uv build dist *.egg-info .pytest_cache _proc _docs _site_src
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
