# One verb each. `make demo` and `make test` do all the set-up themselves, and are quick the second time.

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
TORCH ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Stamps say what of the set-up is done; each is older than nothing that it depends on.
READY := $(VENV)/.stamp-run
READY_DEV := $(VENV)/.stamp-dev
READY_DOCS := $(VENV)/.stamp-docs
EXTRAS := $(if $(filter 1,$(TORCH)),$(VENV)/.stamp-torch)
CHECKED := src tests docs notebooks images $(wildcard benchmarks)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo notebook notebooks pictures web test test-quick lint bench docs docs-map requirements clean

help: ## this list
	@echo "make VERB, where VERB is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "TORCH=1 adds PyTorch and Keras to the set-up; PYTHON=python3.12 chooses the Python that .venv is made with."

demo: $(READY) $(EXTRAS) ## train on handwritten digits and keep the run in out/digits
	$(BIN)/downslope train digits --out out/digits

notebook: $(READY) $(EXTRAS) ## open the course, Backpropagation_and_GradientDescent.ipynb, in JupyterLab
	@$(BIN)/python -c 'import jupyterlab' 2>/dev/null || $(PIP) install --quiet jupyterlab ipykernel anywidget
	$(BIN)/downslope notebook

# Only the main notebook keeps what its cells show, because people read it on the web; see tests/notebooks.
notebooks: $(READY_DEV) $(EXTRAS) ## run the main notebook and keep its outputs, strip those of the chapters
	$(BIN)/python notebooks/keep.py

pictures: $(READY) ## draw images/ anew from runs of Downslope: the same versions write the same bytes
	$(BIN)/python images/draw.py

web: $(READY_DEV) ## build the front end (lab, widget, report) if it is stale, check its types and run its tests
	$(BIN)/python hatch_build.py
	$(BIN)/python hatch_build.py run check
	$(BIN)/python hatch_build.py test

# Neighbours stay together, so that what a file's tests share is made once; who has nothing left to do helps the others.
SHARED = -n $(WORKERS) --dist worksteal

# Hundreds of processes are started: what one of them compiled is kept for the others (empty means: write it).
test test-quick: export PYTHONDONTWRITEBYTECODE =

test: $(READY_DEV) $(EXTRAS) ## every test, the slow ones too
	$(BIN)/python -m pytest $(SHARED) $(PYTEST_ARGS)

test-quick: $(READY_DEV) $(EXTRAS) ## the tests that take at most a few seconds each
	$(BIN)/python -m pytest $(SHARED) -m "not slow" $(PYTEST_ARGS)

lint: $(READY_DEV) ## style, format and types
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy --strict src tests $(wildcard benchmarks)

bench: $(READY) $(VENV)/.stamp-bench ## measure the speed beside every peer, compared by ratio within one run (20 minutes)
	$(BIN)/python -m benchmarks

docs: $(READY_DOCS) ## the pages of docs/ into docs/_build/html: every example runs, nothing needs a network
	$(BIN)/python -m sphinx -W --keep-going -q -a -b html docs docs/_build/html
	@echo "docs/_build/html/index.html is the first page"

docs-map: $(READY) ## write anew what is generated from the source: docs/map.md, the stub of optim
	$(BIN)/python docs/generate.py
	$(BIN)/python -m downslope.optim._stub

# From the public registry alone and without this machine's pip settings, so that the hashes of the files
# for every platform are recorded. Pins stay as they are where they still fit; UPGRADE=1 takes the newest.
COMPILE = env PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= CUSTOM_COMPILE_COMMAND="make requirements" \
	$(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(if $(filter 1,$(UPGRADE)),--upgrade)

requirements: $(READY_DEV) ## pin the dependencies of pyproject.toml anew, with hashes (UPGRADE=1: newest)
	$(COMPILE) --build-deps-for editable --only-build-deps -o requirements/build.txt pyproject.toml
	$(COMPILE) -c requirements/build.txt -o requirements/run.txt pyproject.toml
	$(COMPILE) -c requirements/build.txt -c requirements/run.txt --extra dev -o requirements/dev.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra docs -o requirements/docs.txt pyproject.toml

clean: ## remove .venv and every cache; runs are never touched
	rm -rf $(VENV) build dist web/node_modules docs/_build docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests docs $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ---------------------------------------------------------------------------------------------------------

$(VENV)/.stamp-venv:
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Downslope needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(READY): $(VENV)/.stamp-venv requirements/build.txt requirements/run.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(READY_DEV): $(READY) requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(READY_DOCS): $(READY) requirements/docs.txt
	$(PIP) install --quiet --require-hashes -r requirements/docs.txt
	@touch $@

# Peers that cannot be installed here are skipped by the benchmark, which says so.
$(VENV)/.stamp-bench: $(VENV)/.stamp-torch pyproject.toml
	-$(PIP) install --quiet -c requirements/constraints.txt jax optax numba autograd tinygrad micrograd tensorboard
	@touch $@

# A call of its own and without hashes: the CPU build is taken where it lies at hand (see the constraints file).
$(VENV)/.stamp-torch: $(READY) requirements/constraints.txt
	$(PIP) install --quiet -c requirements/constraints.txt torch keras
	@touch $@
