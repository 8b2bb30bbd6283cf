# `make` lists the commands. Everything is installed into .venv; only `make system` touches the machine.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
SYSTEM_PACKAGES := git python3-venv chromium

# The venv's programs, and the node that its npm starts, come before the machine's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
unexport PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONHASHSEED := 0
# Notebooks choose their inline backend, unless this says otherwise.
unexport MPLBACKEND
# BLAS threads next to Numba's and to several processes only cost time.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export NUMBA_NUM_THREADS ?= $(shell getconf _NPROCESSORS_ONLN)

# In place of a home folder that cannot be written to.
OWN := $(CURDIR)/$(VENV)/own
# Environments of others: the wheel alone, and the lowest versions.
ALONE := $(VENV)/alone
LOWEST := $(VENV)/lowest
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME := $(OWN)/cache
export npm_config_cache := $(OWN)/cache/npm
endif

TEST_PARTS := lint unit notebooks book browser

.PHONY: help setup hooks quick book test $(TEST_PARTS) audit survival durations coverage references data scan \
  full-quantum phase-diagrams lab wheel test-lowest system chromium lock clean distclean

help:  ## list the commands
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed vendor/.collected  ## install everything into .venv (the others do it too)

$(VENV)/.requirements: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'make: needs Python 3.11 or newer; name one with `make PYTHON=python3.12 …`' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo 'make: $(PYTHON) lacks its venv module: run `make system` as root (Debian: apt-get install python3-venv)' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	python3 -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

# pip takes no editable install together with hashes, hence a step of its own.  So does the list of
# fonts: where it takes long, matplotlib says so, and a chapter must not.
$(VENV)/.installed: export MPLCONFIGDIR := $(OWN)/matplotlib
$(VENV)/.installed: $(VENV)/.requirements pyproject.toml
	python3 -m pip install --quiet --no-deps --no-build-isolation -e .
	python3 -c 'import matplotlib.font_manager' 2>/dev/null
	@touch $@

vendor/.collected: package-lock.json sphinx_ext/collect_assets.py $(VENV)/.requirements
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	python3 sphinx_ext/collect_assets.py
	@touch $@

hooks: setup  ## have git run what `make lint` runs before each commit
	git config core.hooksPath .hooks

book: export TQDM_DISABLE := 1
book: setup  ## compute the whole paper and build its pages, in _build/html
	rm -rf _build
	jupyter-book build . -W -n --keep-going

# Every part runs, whatever the ones before it found; the names of those that failed come last.
test: chromium setup  ## all tests: lint, unit tests, notebooks, book, browser
	@failed=; \
	for part in $(TEST_PARTS); do \
	  echo "== make $$part"; \
	  $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; \
	done; \
	[ -z "$$failed" ] || { echo "make test: failed:$$failed" >&2; exit 1; }

# Nobody's settings have a say in what is compared.
PRIVATE := unit quick test-lowest audit durations coverage notebooks references book browser data scan full-quantum phase-diagrams
$(PRIVATE): export MPLCONFIGDIR := $(OWN)/matplotlib
$(PRIVATE): export IPYTHONDIR := $(OWN)/ipython
$(PRIVATE): export JUPYTER_CONFIG_DIR := $(OWN)/jupyter
$(PRIVATE): export JUPYTER_RUNTIME_DIR := $(OWN)/jupyter/runtime
unit quick audit durations coverage notebooks references: export TQDM_DISABLE := 1
unit quick audit durations coverage: export MPLBACKEND := agg
# Two processes at once, and a test needs two threads to see that their number does not matter.
unit quick notebooks: export NUMBA_NUM_THREADS := 2

UNIT_TESTS := -m "not slow" --ignore=tests/browser tests
# Each begins with one half, most files whole; who comes to its end takes from the other's.
IN_TWO := -n 2 --dist worksteal

lint: setup  ## style, types, and the walls between the layers
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo --no-cache

unit: setup  ## unit tests, warnings as errors
	pytest $(IN_TWO) $(UNIT_TESTS)

quick: lint  ## lint and the unit tests that take moments: the loop while you write
	pytest $(IN_TWO) --quick $(UNIT_TESTS)

durations: setup  ## measure the unit tests anew, for `quick` to leave out those that take long
	pytest --measure $(UNIT_TESTS)

coverage: setup  ## lines that the unit tests reach, compiled kernels among them, as a table
	coverage erase
	coverage run -m pytest $(UNIT_TESTS)
	coverage combine --quiet
	coverage report

audit: setup  ## random models and devices by every method (takes minutes), with a table of outcomes
	pytest -m slow -s --ignore=tests/browser tests

notebooks: setup  ## run the chapters' references again and compare every printed text
	pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval --nbval-current-env \
	  --nbval-cell-timeout 1800 --nbval-kernel-startup-timeout 600 tests/references

survival: export TQDM_DISABLE := 1
survival: setup  ## sweeps of 2,000 exact points whose processes are killed half-way (takes ten minutes)
	python3 tests/studies/full_size.py

browser: setup chromium  ## open the built pages in a browser
	pytest -n 2 tests/browser

references: setup  ## run the chapters and write what `make notebooks` compares with
	python3 tests/make_references.py

data: export TQDM_DISABLE := 1
data: setup  ## run the chapters and write what is behind each figure to data/
	rm -rf data/fig-* data/SHA256SUMS
	python3 chapters/make_data.py
	cd data && sha256sum --check --quiet SHA256SUMS

scan: setup  ## score every reading of the parameters exactly (takes ten minutes), table to data/
	python3 -c 'from qemlib.paper.claims.scan import main; main()'

full-quantum: setup  ## compute what the book has of long runs with memory (takes an hour; goes on where it was)
	python3 -c 'from qemlib.paper.with_memory.runs import main; main()'

phase-diagrams: setup  ## compute what the book has of maps with memory (takes half an hour; goes on where it was)
	python3 -c 'from qemlib.paper.phase_diagrams.maps import main; main()'

# What a user has: no test, no extra, nothing of this folder.  At first the newest versions of what
# the wheel asks for, then the lowest (of a wheel's own requirements uv would take newer ones).
wheel: setup  ## build dist/ and run the READMEs' examples with it (PYTHON=python3.13: there)
	rm -rf dist
	uv build --quiet --no-build-isolation
	twine check --strict dist/*
	for versions in '' '--resolution lowest-direct -r pyproject.toml'; do \
	  uv venv --quiet --clear --no-project --python $(PYTHON) $(ALONE); \
	  uv pip install --quiet --python $(ALONE) $$versions dist/*.whl; \
	  $(ALONE)/bin/python -I tests/package/readme_example.py README.md qemlib/README.md; \
	done

test-lowest: export MPLBACKEND := agg
test-lowest: export TQDM_DISABLE := 1
test-lowest: export NUMBA_NUM_THREADS := 2
test-lowest: setup  ## unit tests with the lowest versions that pyproject.toml allows (PYTHON=, as above)
	uv venv --quiet --clear --no-project --python $(PYTHON) $(LOWEST)
	uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --all-extras -r pyproject.toml
	uv pip freeze --quiet --python $(LOWEST) > $(LOWEST)/lowest.txt
	uv pip install --quiet --python $(LOWEST) --constraints $(LOWEST)/lowest.txt --group test
	uv pip install --quiet --python $(LOWEST) --no-deps --no-build-isolation -e .
	PATH="$(CURDIR)/$(LOWEST)/bin:$$PATH" pytest $(IN_TWO) $(UNIT_TESTS) --ignore=tests/book

lab: setup  ## JupyterLab on the chapters (as root: LAB_FLAGS=--allow-root)
	.binder/lab-settings
	jupyter lab --ServerApp.root_dir=chapters $(LAB_FLAGS)

chromium:
	@command -v chromium >/dev/null \
	  || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	  else \
	    echo 'make: the browser test needs chromium: run `make system` as root (Debian: apt-get install chromium)' >&2; exit 1; \
	  fi

system:  ## install the Debian packages that the others need (as root)
	@command -v apt-get >/dev/null \
	  || { echo 'make: no apt-get here: install by hand: $(SYSTEM_PACKAGES)' >&2; exit 1; }
	@[ "$$(id -u)" = 0 ] || { echo 'make: only root can install packages: run `sudo make system`' >&2; exit 1; }
	apt-get update -qq
	apt-get install -y --no-install-recommends $(SYSTEM_PACKAGES)

lock: $(VENV)/.requirements  ## write requirements.txt and package-lock.json (UPGRADE=1: with the newest releases allowed)
	uv pip compile --universal --generate-hashes --no-header --all-extras --group dev \
	  --fork-strategy fewest $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.txt pyproject.toml
	npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean:  ## remove everything made here, .venv too, but what `make scan`, `make full-quantum` and `make phase-diagrams` keep
	rm -rf $(VENV) node_modules vendor _build dist *.egg-info
	[ ! -d data ] || find data -mindepth 1 -maxdepth 1 ! -name 'scan*' ! -name 'full-quantum*' ! -name 'phase-diagrams*' -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find qemlib tests sphinx_ext -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## remove that, too
	rm -rf data
