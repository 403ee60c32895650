# What a newcomer needs: `make demo` and `make test`. Both set up what they need in .venv (as root also Debian packages).
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml $(wildcard src/statuette/*.py)

.PHONY: help setup demo test torture lint bench bench-long requirements clean
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(VENV)/bin/python:
	@tools/prepare venv "$(PYTHON)" "$(VENV)"

$(VENV)/.server: requirements/server.txt pyproject.toml | $(VENV)/bin/python
	@tools/prepare install "$(VENV)" requirements/server.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.server
	@tools/prepare install "$(VENV)" requirements/dev.txt
	@touch $@

setup: $(VENV)/.server ## set up .venv, so that .venv/bin/statuette is the command

demo: $(VENV)/.server ## start the platform and read the texts in some photographs
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev ## set up and pass every test
	@tools/prepare system
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest

torture: $(VENV)/.dev ## kill everything at random for 10 minutes and count what is lost (0); docs/reliability.md gets the figures
	@tools/prepare system
	@$(BIN)/python -m statuette.torture --minutes 10 --files 10000 --report docs/reliability.md

lint: $(VENV)/.dev ## floors, types, style
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > .lint-imports.log 2>&1 || { cat .lint-imports.log; rm -f .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log

bench: $(VENV)/.dev ## measure, each figure beside its baseline (15 minutes at most)
	@tools/prepare system
	@$(BIN)/python -m bench

bench-long: $(VENV)/.dev ## the same with larger numbers
	@tools/prepare system
	@$(BIN)/python -m bench --long

requirements: $(VENV)/.dev ## pin the dependencies anew
	@tools/prepare pin "$(VENV)"

clean: ## remove what set-up made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
