# Each target does all its set-up itself, from a clean checkout with Python 3.11 on. `make help` lists them.

PORT ?= 8000
JOBS ?= $(shell nproc)

# The tests start hundreds of processes: what Python has compiled is kept, also where the surroundings say not to.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
# Modules, not their scripts: those hold the path of this directory, and it may be moved.
PYTHON_M := $(VENV)/bin/python -m
CATALOGUES := $(wildcard portal/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
PIP := $(PYTHON_M) pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(PYTHON_M) piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-find-links \
        --no-emit-index-url --no-emit-trusted-host $(UPGRADE)
PYBABEL := $(PYTHON_M) babel.messages.frontend --quiet
PO := --no-location --sort-output --width=110

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint bench figures take-card film audit lock translations

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/run.stamp $(COMPILED) ## the demonstration on http://127.0.0.1:8000 (another port: PORT=8123)
	@exec scripts/run $(PORT)

test: lint $(COMPILED) ## everything that must hold: lint, then all tests, those in Chromium too
	@scripts/services
	@PORTAL_TEST_CHROMIUM="$$(scripts/chromium)" && export PORTAL_TEST_CHROMIUM && \
	    exec scripts/in-memory $(PYTHON_M) pytest -n $(JOBS) --dist loadfile $(TESTS)

lint: $(VENV)/dev.stamp ## ruff and mypy --strict
	@$(PYTHON_M) ruff check --quiet .
	@$(PYTHON_M) ruff format --quiet --check .
	@$(PYTHON_M) mypy

bench: $(VENV)/dev.stamp $(COMPILED) ## measure; asserts nothing
	@exec $(PYTHON_M) benchmarks

figures: $(VENV)/dev.stamp $(COMPILED) ## measure, and write docs/performance.md's tables and pictures anew
	@$(PYTHON_M) benchmarks --keep && exec $(PYTHON_M) benchmarks.report

take-card: $(VENV)/dev.stamp ## be the wallet on the command line: QR's text and activation code
	@$(PYTHON_M) tests.support.take_card

film: $(VENV)/dev.stamp $(COMPILED) ## the film and pictures of the help, from the running portal (minutes)
	@PORTAL_TEST_CHROMIUM="$$(scripts/chromium)" && export PORTAL_TEST_CHROMIUM && \
	    exec $(PYTHON_M) scripts.film

audit: $(VENV)/dev.stamp $(COMPILED) audit/node_modules/made.stamp ## Lighthouse's accessibility and best practices: 100 (needs Node)
	@CHROME_PATH="$$(scripts/chromium)" && export CHROME_PATH && PYTHONPATH=. exec $(VENV)/bin/python scripts/audit

lock: $(VENV)/dev.stamp ## compile requirements*.in (newer versions: UPGRADE=--upgrade)
	@$(LOCK) --output-file requirements.txt requirements.in
	@$(LOCK) --output-file requirements-dev.txt requirements-dev.in

translations: $(VENV)/run.stamp ## collect the sentences of code and templates, then compile the catalogues
	@mkdir -p build
	@$(PYBABEL) extract --mapping-file=babel.cfg --keywords=_l --keywords=lazy_gettext $(PO) \
	    --output-file=build/messages.pot .
	@$(PYBABEL) update --input-file=build/messages.pot --output-dir=portal/translations \
	    --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=110
	@$(MAKE) --silent $(COMPILED)

$(COMPILED): %.mo: %.po | $(VENV)/run.stamp
	@$(PYBABEL) compile --input-file=$< --output-file=$@

$(VENV)/made.stamp: scripts/make-venv
	@scripts/make-venv $(VENV)
	@touch $@

$(VENV)/run.stamp: requirements.txt $(VENV)/made.stamp
	@echo "Installing what the portal needs (requirements.txt)" >&2
	@$(PIP) --requirement requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what the tests need (requirements-dev.txt)" >&2
	@$(PIP) --requirement requirements-dev.txt
	@touch $@

audit/node_modules/made.stamp: audit/package-lock.json scripts/lighthouse
	@scripts/lighthouse
	@touch $@
