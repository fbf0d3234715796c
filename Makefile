# `make` prints the targets. Every target sets up what it needs: only Python 3.11–3.13 and make have to be there.

STUDIES := $(filter-out _template,$(patsubst studies/%/study.toml,%,$(wildcard studies/*/study.toml)))
RESULTS := $(STUDIES:%=build/%/manifest.json)
SITE    := build/.site
BIN     := .venv/bin
READY   := .venv/.ready
CODE    := $(shell find src/utvardering -type f \( -name '*.py' -o -name '*.toml' \) -not -path '*/publishers/*') docs/methods/coverage.csv
PAGES   := $(shell find reports evidence src/utvardering/report -type f -not -path 'reports/_site/*' -not -name '*.pyc')
TODAY   := $(shell date +%F)
WORKERS ?= 2

.DEFAULT_GOAL := help
.SECONDEXPANSION:
.DELETE_ON_ERROR:
.PHONY: help setup reports design study report reproduce new-study test test-slow lint benchmark coverage clean

help:            ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-28s %s\n", $$1 $$3, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Create .venv with everything in it

$(READY): pyproject.toml constraints.txt
	@python=$$(for p in python3.13 python3.12 python3.11 python3; do \
	  $$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done); \
	if [ -z "$$python" ]; then \
	  echo "make: no Python 3.11, 3.12 or 3.13 with venv was found (dowhy has no release for later ones)."; \
	  echo "Install one, on Debian: apt-get install python3 python3-venv"; exit 1; fi; \
	echo "make: setting up .venv with $$python (a few minutes, once)"; \
	test -x $(BIN)/python || $$python -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

reports: $(SITE) ## Run every study that changed, design those that have not begun, and publish the site in reports/_site/

build/%/manifest.json: $$(shell find studies/$$* -type f) $(CODE) | $(READY)
	@$(BIN)/utvardering run studies/$* --skip-unfetched
	@if grep -q '"planned": true' $@; then $(BIN)/utvardering design studies/$*; fi
	@touch $@

build/.day-%:
	@mkdir -p build && rm -f build/.day-* && touch $@

$(SITE): $(RESULTS) $(PAGES) build/.day-$(TODAY) | $(READY)
	@$(BIN)/utvardering report --all
	@touch $@

design: $(READY) ## What a study can find, before the measure: make design STUDY=studies/trygghetsvardar
	@$(BIN)/utvardering design $(STUDY)

study: $(READY)  ## Run one study: make study STUDY=studies/trygghetsvardar
	@$(MAKE) --no-print-directory build/$(notdir $(STUDY:%/=%))/manifest.json

report: study    ## Run one study and publish its page and PDF: make report STUDY=studies/trygghetsvardar
	@$(BIN)/utvardering report $(STUDY)

reproduce: $(READY) ## Two clean runs compared, and with expected.toml: make reproduce STUDY=studies/castle-doctrine
	@$(BIN)/utvardering reproduce $(STUDY)

new-study: $(READY) ## Begin a study: make new-study NAME=var-atgard
	@$(BIN)/utvardering new $(NAME)

test: $(READY)   ## Run the tests (about twenty minutes)
	@$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow'

test-slow: $(READY) ## Run the slow tests: simulations over a thousand seeds
	@$(BIN)/python -m pytest -n $(WORKERS) -m slow

lint: $(READY)   ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

benchmark: $(READY) ## Speed and memory beside the peers, as ratios: writes benchmarks/results.md
	@$(BIN)/python benchmarks/compare.py

coverage: $(READY) ## How often is each method wrong? Two hours at most: make coverage MINUTES=30 DASK=tcp://host:8786
	@$(BIN)/python -m utvardering.coverage $(PART) --workers $(WORKERS) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(DASK),--dask $(DASK))

clean:           ## Remove results and pages; the studies and .venv stay
	@rm -rf build reports/_site
