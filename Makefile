# `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
DEMO ?= 2d
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-slow lint bench clean

help:
	@echo "make demo [DEMO=3d]  simulate a movie, track it, compare with the truth"
	@echo "make test            check style, types and layers, run the tests"
	@echo "make test-slow       run the tests that take longer"
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

demo: $(VENV)/installed
	$(BIN)/spotgpu demo --dims $(DEMO) -o demo-$(DEMO) --overwrite

lint: $(VENV)/installed-test
	@echo "== Style, types, layers, docstrings"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/numpydoc lint $$(git ls-files 'spotgpu/*.py')

test: lint
	@echo "== Tests"
	$(BIN)/python -m pytest

test-slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -m slow

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo-2d demo-3d
