# Each target does all its set-up itself, from a clean checkout with Python 3.11 on. `make help` lists them.

PORT ?= 8000
JOBS ?= $(shell nproc)

VENV := .venv
BIN := $(VENV)/bin
CATALOGUES := $(wildcard portal/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-find-links \
        --no-emit-index-url --no-emit-trusted-host $(UPGRADE)
PO := --no-location --sort-by-file --width=110

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint bench lock translations

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/run.stamp $(COMPILED) ## the demonstration on http://127.0.0.1:8000 (another port: PORT=8123)
	@exec scripts/run $(PORT)

test: lint $(COMPILED) ## everything that must hold: lint, then all tests, those in Chromium too
	@PORTAL_TEST_CHROMIUM="$$(scripts/chromium)" && export PORTAL_TEST_CHROMIUM && \
	    exec $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TESTS)

lint: $(VENV)/dev.stamp ## ruff and mypy --strict
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy

bench: $(VENV)/dev.stamp $(COMPILED) ## measure; asserts nothing
	@exec $(BIN)/python -m benchmarks

lock: $(VENV)/dev.stamp ## compile requirements*.in (newer versions: UPGRADE=--upgrade)
	@$(LOCK) --output-file requirements.txt requirements.in
	@$(LOCK) --output-file requirements-dev.txt --constraint requirements.txt requirements-dev.in

translations: $(VENV)/run.stamp ## collect the sentences of code and templates, then compile the catalogues
	@mkdir -p build
	@$(BIN)/pybabel --quiet extract --mapping-file=babel.cfg --keywords=_l --keywords=lazy_gettext $(PO) \
	    --output-file=build/messages.pot .
	@$(BIN)/pybabel --quiet update --input-file=build/messages.pot --output-dir=portal/translations \
	    --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=110
	@$(MAKE) --silent $(COMPILED)

$(COMPILED): %.mo: %.po | $(VENV)/run.stamp
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@

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
