# Edgewise. `make` alone lists what there is. Works with the GNU make 3.81 of macOS.
SHELL := bash
.DEFAULT_GOAL := help

VENV := .venv
CONFIG := node.toml
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.setup-done
INSTALL := "$(BIN)/python" host/install.py
# The extras of pyproject.toml, each on top of the setup; dev, for lint and test, has all of them.
EXTRAS := dashboard files forecast notify archive camera coap dask scout bench dev
NOTE_dashboard := NiceGUI, some 20 MB to download, 60 MB on the disk
NOTE_files := openpyxl and pyarrow, some 50 MB to download, 160 MB on the disk
NOTE_forecast := Prophet and statsforecast, some 150 MB to download, 500 MB on the disk
NOTE_notify := Apprise, some 5 MB to download, 20 MB on the disk
NOTE_archive := DuckDB, obstore and pyarrow, some 80 MB to download, 250 MB on the disk
NOTE_camera := OpenCV without windows, some 60 MB to download, 180 MB on the disk
NOTE_coap := aiocoap, some 1 MB to download, 2 MB on the disk
NOTE_dask := dask and distributed, some 5 MB to download, 25 MB on the disk
NOTE_scout := tsfresh, some 60 MB to download, 200 MB on the disk
NOTE_bench := what it compares with, some 100 MB to download, 280 MB on the disk
NOTE_dev := all extras and the tools for lint and test, some 350 MB to download, 1.1 GB on the disk

# The first that really runs and is new enough (a shim on PATH may exist and fail).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; \
	done)
PROSE := README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs host firmware tests Makefile pyproject.toml
# Of these MicroPython and mosquitto can also come from elsewhere; gcc is for the C runtime,
# chromium and postgresql for the tests.
PACKAGES := ca-certificates gcc libc6-dev make mosquitto postgresql python3 python3-venv
# While apt-get runs: the programs are wanted, no service is to start.
POLICY := /usr/sbin/policy-rc.d

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without bytecode each start of Python compiles the host's sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup system-deps demo test test-all lint train build flash deploy erase monitor repl dashboard forecast bench \
	reliability wheel lock picture clean $(EXTRAS:%=setup-%)

help:  ## This list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo
	@echo 'setup-X: what X needs, nothing runs; X is one of' $(EXTRAS)
	@echo
	@echo 'Variables: BROKER=mqtt://host:port (demo)  PYTHON=python3.x (setup)  TESTS=... (test)'
	@echo '           DATA=log.csv LABEL=column MODEL=models/name (train, build)'
	@echo '           PORT=/dev/ttyUSB0, socket://host:port IMAGE=MicroPython.bin CONFIG=node.toml (flash)'
	@echo "           NODE='kitchen-{mac}', a name for each board (flash, deploy)"
	@echo '           ARCH=rv32imc for an ESP32-C3 or C6 (build, flash, deploy)'

setup: $(STAMP)  ## Virtual environment, pinned packages, MicroPython: what the rest needs
	@$(BIN)/python -m edgewise.toolchain

$(STAMP): pyproject.toml host/requirements.lock
	@if [ -z "$(PYTHON)" ]; then \
		echo 'error: no Python >= 3.11 runs here; run: make system-deps (or set PYTHON=)' >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'; then \
		echo 'error: $(PYTHON) is too old or lacks venv; run: make system-deps (or set PYTHON=)' >&2; \
		exit 1; fi
	@echo "setup: virtual environment in $(VENV), $$("$(PYTHON)" --version)"
	@"$(BIN)/python" -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear "$(VENV)"
	@echo 'setup: pinned packages, some 130 MB to download, 440 MB on the disk, half a minute ...'
	@$(INSTALL) --require-hashes -r host/requirements.lock
	@echo 'setup: edgewise itself, editable'
	@$(INSTALL) -q --no-deps --no-build-isolation -e .
	@touch $@

$(EXTRAS:%=setup-%): setup-%: setup $(VENV)/.%-done

$(VENV)/.%-done: host/requirements-%.lock $(STAMP)
	@echo 'setup-$*: $(NOTE_$*) ...'
	@$(INSTALL) --require-hashes -r $<
	@touch $@

system-deps:  ## The system packages (Debian, Ubuntu; with sudo when not root)
	@if [ "$$(uname)" = Darwin ]; then \
		echo 'on macOS run: brew install python@3.13 micropython mosquitto'; exit 1; fi
	@command -v apt-get >/dev/null || { echo 'error: no apt-get here; install by hand:' \
		'Python >= 3.11 with venv, micropython >= 1.23, mosquitto, a C compiler' >&2; exit 1; }
	@set -e; sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	echo 'system-deps: reading the package lists ...'; $$sudo apt-get update -qq; \
	extra=; for any in micropython 'chromium-headless-shell chromium'; do for p in $$any; do \
		if apt-cache show $$p >/dev/null 2>&1; then extra="$$extra $$p"; break; fi; done; done; \
	echo "system-deps: installing $(PACKAGES) $$extra ..."; \
	if [ ! -e $(POLICY) ]; then \
		trap "$$sudo rm -f $(POLICY)" EXIT; \
		printf '#!/bin/sh\nexit 101\n' | $$sudo tee $(POLICY) >/dev/null; \
		$$sudo chmod 755 $(POLICY); fi; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-upgrade --no-install-recommends \
		$(PACKAGES) $$extra

demo: setup  ## A real log, a model, a node, a broker, a summary: the whole way through
	@$(BIN)/edgewise demo $(if $(BROKER),--broker "$(BROKER)")

test: setup-dev  ## What can break in daily work, or TESTS=tests/logs
	@$(PYTEST) -n 5 $(TESTS)

test-all: export EDGEWISE_TESTS := whole
test-all: test  ## The same with every count whole: a million readings, 20,000 fuzz inputs ...

lint: $(VENV)/.dev-done  ## Style, types, spelling and words, who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell -D - -D tests/words.txt $(PROSE)
	@$(BIN)/python -m pytest -q tests/test_rooms.py
	@$(BIN)/mypy

train: setup  ## Your own log becomes a model: DATA=log.csv [LABEL=column] [MODEL=models/name]
	@if [ -z "$(DATA)" ]; then echo 'error: name the log: make train DATA=log.csv' >&2; exit 2; fi
	@$(BIN)/edgewise train "$(DATA)" $(if $(LABEL),--label "$(LABEL)") \
		$(if $(MODEL),--out "$(MODEL)")

build: setup  ## build/fs.img for a board: [MODEL=models/name] [CONFIG=node.toml] [ARCH=rv32imc]
	@if [ ! -e "$(CONFIG)" ]; then $(BIN)/edgewise init --out "$(CONFIG)"; fi
	@$(BIN)/edgewise build --model "$(or $(MODEL),models/occupancy)" --config "$(CONFIG)" \
		$(if $(ARCH),--arch "$(ARCH)")

LABEL_OF = $(if $(NODE),--node "$(NODE)" --config "$(CONFIG)")

flash: build  ## Firmware and files onto a board in one pass: [PORT=/dev/...|all] [IMAGE=MicroPython.bin]
	@$(BIN)/edgewise flash --port "$(or $(PORT),auto)" --image "$(or $(IMAGE),auto)" $(LABEL_OF)

deploy: build  ## What changed, over the cable: [PORT=/dev/...] [MODEL=] [CONFIG=]
	@$(BIN)/edgewise deploy --port "$(or $(PORT),auto)" $(LABEL_OF)

erase: setup  ## All of a board's flash: [PORT=/dev/...]
	@$(BIN)/edgewise erase --port "$(or $(PORT),auto)"

repl: setup  ## MicroPython's prompt: [PORT=/dev/...]
	@$(BIN)/edgewise repl --port "$(or $(PORT),auto)"

monitor: setup  ## A node's serial line, live: [PORT=/dev/...] [CSV=log.csv]
	@$(BIN)/edgewise monitor --port "$(or $(PORT),auto)" $(if $(CSV),--csv "$(CSV)")

# An address in the environment stays there: a command line is readable by everybody.
DEFAULT_DB = $(if $(EDGEWISE_DB),,--db sqlite:///edgewise.db)

dashboard: setup-dashboard  ## Nodes in a browser: [DB=sqlite:///edgewise.db] [BROKER=mqtt://host:port] [FAHRENHEIT=1]
	@$(BIN)/edgewise dashboard $(if $(DB),--db "$(DB)",$(if $(DEFAULT_DB),$(DEFAULT_DB) --create)) \
		$(if $(BROKER),--broker "$(BROKER)") $(if $(FAHRENHEIT),--fahrenheit)

forecast: setup-forecast  ## The next day of every node: [DB=sqlite:///edgewise.db] or DATA=log.csv
	@$(BIN)/edgewise forecast $(if $(DATA),--log "$(DATA)",$(if $(DB),--db "$(DB)",$(DEFAULT_DB)))

bench: setup-bench  ## Microseconds, bytes, allocations beside others: [MODEL=models/name] [PORT=]
	@$(BIN)/edgewise bench $(if $(MODEL),"$(MODEL)") $(if $(PORT),--port "$(PORT)")

reliability: setup-coap  ## A node and 85 ways to disturb its way to the database: what was lost, late; 6 minutes
	@$(BIN)/python -m edgewise.reliability --docs docs/reliability.md --json build/reliability.json

wheel: $(STAMP)  ## dist/edgewise-*.whl
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .
	@ls dist

COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile -q --universal \
	--generate-hashes --python-version 3.11 --no-annotate

lock: $(STAMP)  ## host/requirements*.lock again from pyproject.toml; what is pinned stays
	@$(COMPILE) --group pyproject.toml:uv -o host/requirements-uv.lock
	@$(COMPILE) pyproject.toml --group build --extra dev -o host/requirements-dev.lock
	@set -e; for extra in '' $(filter-out dev,$(EXTRAS)); do \
		$(COMPILE) pyproject.toml --group build $${extra:+--extra $$extra} \
			-c host/requirements-dev.lock -o host/requirements$${extra:+-$$extra}.lock; done

picture: $(VENV)/.dev-done  ## docs/architecture.svg again, from what the rooms import
	@$(BIN)/python -m tests.draw_rooms

clean:  ## Remove what was built; the virtual environment and the downloads stay
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
