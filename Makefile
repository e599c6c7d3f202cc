# Five targets, each of which sets up all it needs in a fresh clone (Python 3.11+ and make):
#
#   make run     start the venue with the compiled engine; make run ARGS="--port 9000"
#   make test    all tests on the compiled engine, and all but e2e on the plain one, too
#   make check   all of CI: ruff, mypy --strict, and the tests
#   make bench   the benchmarks, each beside its limit
#   make nightly the laws of the engine under SCRIPTS=1000 scripts of each kind from SEED on, long
#
# `.venv` is for development: the sources as they are, plain Python. `.venv-compiled` holds an
# ordinary installation, compiled where a C compiler is found and plain where not. It is separate
# because a compiled module beside its source would hide every later edit of that source.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
ARGS ?=
WORKERS ?= 2

PIP := -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
DEV := .venv/bin/python
COMPILED := .venv-compiled/bin/python

PACKAGING := pyproject.toml setup.py constraints.txt
SOURCES := $(shell find src -type f -not -path '*/.*' -not -path '*/__pycache__/*' \
	-not -path '*.egg-info/*' -not -name '*.so')

# pytest's own last line is the summary; these stop what hangs (seconds), per run of the suite.
PYTEST := -m pytest -n $(WORKERS) --dist loadfile
COMPILED_BUDGET := --session-timeout=900
PLAIN_BUDGET := --session-timeout=360

.PHONY: help run test check bench nightly lint types test-plain test-compiled format clean

help:
	@sed -n '3,7s/^# *//p' Makefile

run: .venv-compiled/.installed
	@exec .venv-compiled/bin/openvenue serve $(ARGS)

test: test-compiled test-plain

check: lint types test-compiled test-plain

bench: .venv-compiled/.testing
	@$(COMPILED) -m benchmarks $(ARGS)

# Piece by piece: the laws keep every script that they are held against in memory. Laws of storms, of
# holds and of TWAPs have scripts of their own kinds, a thousand of each, and a run to themselves.
SCRIPTS ?= 1000
SEED ?= 1
PIECE := 50
KINDS := $(foreach kind,risk holds twaps,tests/simulation/test_laws_of_$(kind).py)
LAWS := $(filter-out $(KINDS),$(wildcard tests/simulation/test_laws_*.py))
nightly: .venv/.installed
	@last=$$(($(SEED) + $(SCRIPTS) - 1)); for from in $$(seq $(SEED) $(PIECE) $$last); do \
		count=$$((last - from + 1 < $(PIECE) ? last - from + 1 : $(PIECE))); \
		for laws in "$(LAWS)" "$(KINDS)"; do \
			$(DEV) -m pytest $$laws -q -n $(WORKERS) --dist loadfile --every-kind \
				--scripts $$count --seed-from $$from || exit 1; done; done

lint: .venv/.installed
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: .venv/.installed
	@.venv/bin/mypy

# Everything on the engine as it is shipped: without a C compiler that is a plain one, and said so;
# with one, an engine that did not compile is a fault.
test-compiled: .venv-compiled/.testing
	@$(COMPILED) -c 'import openvenue, shutil, sys; cc = shutil.which("cc"); \
		sys.exit(f"{cc} is here, but the engine is plain" if cc and not openvenue.is_compiled() else 0)'
	@$(COMPILED) $(PYTEST) $(COMPILED_BUDGET)

# The engine must mean the same where it is not compiled. The installed program and its clients are
# tested as they ship.
test-plain: .venv/.installed
	@$(DEV) $(PYTEST) $(PLAIN_BUDGET) --ignore tests/e2e

format: .venv/.installed
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

clean:
	rm -rf .venv .venv-compiled build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python .venv-compiled/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'OpenVenue needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	@$(PYTHON) -m venv $(@D)/..

.venv/.installed: .venv/bin/python $(PACKAGING)
	@echo 'Setting up .venv (development, plain Python) ...'
	@OPENVENUE_COMPILE=no $(DEV) $(PIP) --editable '.[dev]'
	@touch $@

.venv-compiled/.installed: .venv-compiled/bin/python $(PACKAGING) $(SOURCES)
	@echo 'Setting up .venv-compiled ...'
	@rm -rf build
	@$(COMPILED) $(PIP) .
	@rm -rf build
	@$(COMPILED) -c 'import openvenue as o; print("Installed", o.describe()); o.is_compiled() or \
		print("No C compiler was found, or it failed: the engine runs as plain Python.")'
	@touch $@

.venv-compiled/.testing: .venv-compiled/.installed
	@echo 'Adding what the tests need to .venv-compiled ...'
	@$(COMPILED) $(PIP) 'openvenue[test]'
	@touch $@
