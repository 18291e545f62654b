# Every target sets itself up: the locked packages and the project itself, in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
DEMO ?= build/demo
# The oldest interpreter that will do comes first: the lock and the checks are made for it.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
SOURCES = $(wildcard engine organisation tasks sla papers notices reports workbench console web migrations bootstrap cli.py)

.PHONY: help run demo test test-long check format bench lock pictures handbook wheel clean

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(READY) ## the main job: pages, API and worker on a demonstration that is made on the first run
	$(BIN)/python -m cli serve --demo --home $(DEMO)

demo: $(READY) ## months of claims and complaints, worked and reported in the terminal
	$(BIN)/python -m cli run

test: $(READY) ## everything a change needs, under ten minutes
	$(BIN)/python -m pytest -n $(WORKERS)

test-long: $(READY) ## kill tests and the big property runs
	$(BIN)/python -m pytest -n $(WORKERS) -m long -o faulthandler_timeout=1200

check: $(READY) ## style, types, direction of imports, house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/python -m pytest tests/unit/test_architecture.py tests/unit/test_house_rules.py

format: $(READY) ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure, into build/bench.json
	$(BIN)/python -m benchmarks

LOCK = $(BIN)/uv --quiet --no-config pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

lock: $(READY) ## lock the dependencies again (ARGS=--upgrade for newer ones)
	$(LOCK) --extra dev $(ARGS) --output-file requirements.lock >/dev/null
	$(LOCK) --extra traces --constraint requirements.lock $(ARGS) --output-file requirements.image.lock >/dev/null

pictures: $(READY) ## draw the complaints procedure into docs/pictures
	$(BIN)/python -m cli show processes/complaint.yaml --svg docs/pictures/complaint.svg
	$(BIN)/python -m cli show processes/complaint.yaml --lang en --svg docs/pictures/complaint.en.svg

handbook: $(READY) ## write docs/handbook.md and its pictures from the processes and their scenarios
	$(BIN)/python -m cli coverage processes --write docs/handbook.md >/dev/null

wheel: $(READY) ## build/dist/caseway-*.whl
	$(BIN)/python -m build --wheel --no-isolation --outdir build/dist

clean: ## remove everything made here, the environment too
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Caseway needs Python 3.11 or newer (make PYTHON=/path/to/it)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
