# `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
DEMO ?= 2d
VENV := .venv
BIN := $(VENV)/bin
CUDASIM := PYTHONPATH=tests/cudasim $(BIN)/python -m cudasim
# The tests that run kernels.
ON_DEVICE := tests/kernels tests/backends tests/cuda tests/linking/test_link_on_device.py \
    tests/linking/test_link_lap_on_device.py

.PHONY: help demo test test-slow lint simulator gate mutants model bench clean

help:
	@echo "make demo [DEMO=3d]  simulate a movie, track it, compare with the truth"
	@echo "make test            check style, types and layers, run the tests"
	@echo "make test-slow       run the tests that take longer"
	@echo "make gate            compile the kernels for every GPU, print what they need"
	@echo "make mutants         change the kernels everywhere, see that the tests notice (an hour)"
	@echo "make model           the time of the kernels on some GPUs, by a model"
	@echo "make bench           time spotgpu beside its peers"

$(VENV)/installed: pyproject.toml
	@echo "== Setting up $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet -e ".[plot]"
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "== Installing the test tools"
	$(BIN)/python -m pip install --quiet -e ".[all]" --group test --group lint
	@touch $@

# Where it can run, it must: what fails here fails `make`. Elsewhere the tests say why they are
# skipped.
simulator: $(VENV)/installed-test
	@echo "== CUDA without a GPU"
	@if $(CUDASIM) supported; then set -ex; \
	    $(BIN)/python -m pip install --quiet --group cuda-sim; \
	    $(CUDASIM) setup; \
	fi

demo: $(VENV)/installed
	$(BIN)/spotgpu demo --dims $(DEMO) -o demo-$(DEMO) --overwrite

lint: $(VENV)/installed-test
	@echo "== Style, types, layers, docstrings"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@: Launchers and compiled loops point at the mirrors, which are documented
	$(BIN)/numpydoc lint $$(git ls-files 'spotgpu/*.py' ':!spotgpu/backends/cuda/_*.py' ':!spotgpu/backends/cpu/_jit*.py')

test: lint simulator
	@echo "== Tests"
	CUDASIM_REQUIRED=$$($(CUDASIM) supported > /dev/null && echo 1) $(BIN)/python -m pytest
	@if $(CUDASIM) supported; then set -ex; \
	    : What runs kernels again, every access to memory checked; \
	    CUDASIM_REQUIRED=1 CUDASIM_CHECK=race $(BIN)/python -m pytest $(ON_DEVICE); \
	    : The tests of the simulator; \
	    $(BIN)/python -m pytest tests/cudasim/tests; \
	fi

test-slow: simulator
	$(BIN)/python -m pytest -m slow

gate: simulator
	$(CUDASIM) gate kernels --budget kernels/budget.json

mutants: simulator
	$(BIN)/python tests/mutation/run.py

model: simulator
	$(BIN)/python -m benchmarks.model

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo-2d demo-3d
