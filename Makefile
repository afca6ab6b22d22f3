# Every target makes .venv on first use and renews it when requirements.lock or pyproject.toml changes.
# The environment is never activated: commands run by its interpreter, stages find it first on PATH.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PAPER ?=
SCALE ?= laptop
ARGS ?=

VENV := $(CURDIR)/.venv
READY := .venv/.ready
RUN := $(VENV)/bin/python -m
export PATH := $(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup repro test lint bench lock

help:  ## what you can ask for
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

setup: $(READY)  ## make .venv from requirements.lock (the others do it by themselves)

repro: $(READY)  ## rebuild every paper, or PAPER=key; SCALE=smoke|laptop|overnight|paper
	@$(RUN) common.cli repro $(PAPER) --scale $(SCALE)

# One thread per worker: the tests are many small programs, and more threads would only get in their way.
test: $(READY)  ## the fast tests; ARGS="-k claims" picks, ARGS="-m slow" runs the slow ones
	@OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(RUN) pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY)  ## ruff, over everything
	@$(RUN) ruff check .

bench: $(READY)  ## time the core against its peers; table here, list in benchmarks/results.json
	@$(RUN) benchmarks $(ARGS)

lock: $(READY)  ## write what .venv holds to requirements.lock
	@{ sed -n '/^#/p' requirements.lock; $(RUN) pip freeze --all --exclude-editable \
	  | grep -viE '^(pip|wheel|triton|nvidia-.*|cuda-.*)==' | sed 's/+.*//'; } > .venv/requirements.lock
	@cp .venv/requirements.lock requirements.lock

$(READY): requirements.lock pyproject.toml
	@test -x .venv/bin/python || test -n "$(PYTHON)" || { \
	  echo "error: no Python 3.11 or newer found (python3 is $$(python3 --version 2>&1)); install one," \
	    "or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "setting up .venv from requirements.lock (a few minutes, once)"
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@$(RUN) pip install -q --disable-pip-version-check --no-compile -r requirements.lock
	@$(RUN) compileall -qq -j 0 $(VENV)/lib || true  # on all cores, where pip takes one; templates do not compile
	@$(RUN) pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
