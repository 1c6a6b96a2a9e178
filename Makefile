# Two commands do everything, set-up included:  make demo  ·  make test
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: help demo test setup export docs browse check clean

help:
	@echo "make demo    class names -> texts -> classifier, on real photographs (report in runs/demo)"
	@echo "make test    the tests (more: make test PYTEST_ARGS='-m slow')"
	@echo "make setup   only create .venv and install (another Python: make setup PYTHON=python3.12)"
	@echo "make export  after editing a notebook: modules, clean notebooks, pictures, tests, README, CONTRIBUTING"
	@echo "make docs    the site in docs/, from the notebooks as they are"
	@echo "make browse  look at every page of it in Chromium (pictures in runs/browse)"
	@echo "make check   is all of that in sync? names what is not, changes nothing"
	@echo "make clean   remove .venv, builds and caches (runs/ stays)"

$(READY): settings.ini setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing textclip and what it needs into .venv (about 6 GB, once)"
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[offline,llm,index,diffusion,ray,dev]'
	@touch $@

setup: $(READY)

demo: $(READY)
	$(BIN)/textclip demo $(DEMO_ARGS)

test: $(READY)
	$(BIN)/python -m pytest -q tests -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

export: $(READY)
	$(BIN)/nbdev_export
	$(BIN)/nbdev_clean
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

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache _proc _docs _site_src
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
