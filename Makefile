# Every task of the project; .ci/run calls these too.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL := $(wildcard src/fixwatch/*/*.pyx src/fixwatch/*/*.pxd src/fixwatch/*/*.h)
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test test-browser pictures test-kafka chaos sanitize fuzz lint types bench clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(INSTALLED)  ## make .venv and install everything into it

$(INSTALLED): pyproject.toml setup.py constraints.txt $(KERNEL)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "fixwatch needs Python 3.11 or later; $(PYTHON) is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { \
		echo "fixwatch compiles its decoder and finds no C compiler ($${CC:-cc}). Install one (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Installing into $(VENV) (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
		--group dev --editable '.[system]'
	@touch $@

demo: install  ## the whole system on one machine; Ctrl-C stops it
	@$(BIN)/fixwatch demo

test: install  ## the tests, but those that need a browser or take long
	@$(BIN)/pytest -m 'not browser and not kafka and not slow and not chaos'

test-browser: install  ## the dashboard in Chromium
	@$(BIN)/pytest -m browser

pictures: install  ## the pictures of the documentation, anew
	@FIXWATCH_REQUIRE_BROWSER=1 $(BIN)/pytest -q tests/acceptance/test_dashboard_walk.py
	@$(BIN)/python scripts/pictures.py

test-kafka: install  ## the integration tests on Apache Kafka itself; needs Java 17 and Maven
	@$(BIN)/pytest --broker=apache tests/integration tests/kafka

chaos: install  ## rounds of faults under load (ROUNDS=..., SEED=..., BROKER=apache)
	@FIXWATCH_CHAOS_ROUNDS=$(or $(ROUNDS),6) FIXWATCH_CHAOS_SEED=$(SEED) $(BIN)/pytest tests/chaos -m chaos $(if $(BROKER),--broker=$(BROKER))

sanitize: install  ## the tests of what is compiled, with AddressSanitizer and UndefinedBehaviorSanitizer
	@PYTHON=$(BIN)/python scripts/sanitize.sh

fuzz: install  ## a million inputs for the decoder (INPUTS=..., SEED=...)
	@PYTHON=$(BIN)/python scripts/fuzz.sh

lint: install  ## style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install  ## strict typing
	@$(BIN)/mypy

bench: install  ## measure; each benchmark checks its own result
	@$(BIN)/fixwatch bench decode
	@$(BIN)/fixwatch bench ingest

clean:  ## remove what was built and installed, and the demo's data
	rm -rf $(VENV) build dist .fixwatch .kafka .mypy_cache .pytest_cache .ruff_cache .hypothesis screenshots
	rm -rf src/*.egg-info src/fixwatch/fix/_kernel.c
	find src -name '*.so' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
