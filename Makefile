# Two commands do everything on a machine with python3, make and a package index: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What benchmarks stand beside lives apart: nothing of it is needed to run or to test.
RIVALS := .venv-bench
RIVALS_READY := $(RIVALS)/.ready
# Nor of the programs that a few tests start to hold an adapter against.
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready

.DEFAULT_GOAL := help
.PHONY: help install peers check test test-all mutants demo bench lock clean

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

$(RIVALS_READY): pyproject.toml
	$(PYTHON) -m venv $(RIVALS)
	$(PYTHON) -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["bench"]))' > $(RIVALS)/requirements.txt
	$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check -r $(RIVALS)/requirements.txt
	@touch $(RIVALS_READY)

$(PEERS_READY): pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PYTHON) -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["peers"]))' > $(PEERS)/requirements.txt
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $(PEERS)/requirements.txt
	@touch $(PEERS_READY)

install: $(READY)  ## create .venv from the lock

peers: $(PEERS_READY)  ## create .venv-peers: programs of others, which tests then start

demo: $(READY)  ## bill a year and a half of real purchases (ARGS="--full --declines 5%")
	$(BIN)/kazna demo $(ARGS)

check: $(READY)  ## ruff, mypy strict, import contracts
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(READY)  ## the tests (<= 12 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" $(ARGS)

test-all: $(READY)  ## the tests and what takes longer
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

mutants: $(READY)  ## make known mistakes one by one, and see the tests notice each (ARGS="settle")
	$(BIN)/python -m tests.mutants $(ARGS)

bench: $(READY) $(RIVALS_READY)  ## the benchmarks, as ratios from one interleaved run (ARGS="posting --quick")
	$(BIN)/python -m bench $(ARGS)

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock

clean:  ## remove what was built
	rm -rf $(VENV) $(RIVALS) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
