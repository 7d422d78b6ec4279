# Needs Python 3.11 or newer, make and git; everything else is installed into .venv, by hash.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet --no-input
# One more than there are processors: tests wait for programs and clocks, too.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ARGS ?=

.PHONY: help
help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

# --- the stack ---

.PHONY: up
up: $(RUNTIME) ## Install, start the whole stack on this machine, run the demo job once; Ctrl-C stops it
	@$(BIN)/casare-cloud up $(ARGS)

.PHONY: down
down: $(RUNTIME) ## Stop a stack that runs in the background
	@$(BIN)/casare-cloud down $(ARGS)

.PHONY: demo
demo: $(RUNTIME) ## Run the demo job again in the running stack
	@$(BIN)/casare-cloud demo $(ARGS)

# --- checks ---

PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal --durations=10

# What was compiled is kept, whatever the environment says: each worker collects all tests, and many start programs.
test test-nightly: export PYTHONDONTWRITEBYTECODE :=

.PHONY: test
test: $(DEVELOPMENT) ## Run the tests, beside a running stack if there is one (ARGS=… for pytest)
	@$(PYTEST) $(ARGS)

.PHONY: test-nightly
test-nightly: $(DEVELOPMENT) ## Try for hours what is generated, with other examples each time
	@CASARE_TEST_NIGHTLY=1 $(PYTEST) tests/reliability tests/faces/test_generated_requests.py \
	    tests/faces/automation/test_generated_requests.py $(ARGS)

.PHONY: lint
lint: $(DEVELOPMENT) ## Check style, formatting, layers, and that the migrations and made documents are up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m casare_cloud.local.migrations check
	@$(BIN)/python -m casare_cloud.local.contents check

.PHONY: types
types: $(DEVELOPMENT) ## Check the types
	@$(BIN)/mypy

.PHONY: bench
bench: $(DEVELOPMENT) ## Measure, side by side with a baseline (minutes; the machine should be quiet)
	@$(BIN)/python -m bench $(ARGS)

# --- generated files ---

.PHONY: migration
migration: $(DEVELOPMENT) ## Compose a migration from what changed in sql/: make migration name=add_job_tags
	@$(BIN)/python -m casare_cloud.local.migrations new "$(or $(name),$(error say how it is called: make migration name=add_job_tags))"
	@$(BIN)/python -m casare_cloud.local.contents

.PHONY: migration-fresh
migration-fresh: $(DEVELOPMENT) ## Rewrite the one initial migration from sql/ (before the first release only)
	@$(BIN)/python -m casare_cloud.local.migrations fresh
	@$(BIN)/python -m casare_cloud.local.contents

.PHONY: contents
contents: $(DEVELOPMENT) ## Rewrite sql/README.md, docs/data-api.md, docs/errors.md, docs/nodes.md, the schema of workflows and llms.txt
	@$(BIN)/python -m casare_cloud.local.contents

LOCK := pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url
.PHONY: lock
lock: $(DEVELOPMENT) ## Lock the dependencies again, also those of each function (ARGS=--upgrade for newer versions)
	@$(PIP) install uv
	@$(BIN)/uv $(LOCK) pyproject.toml --all-extras --group dev --group build -o requirements-dev.lock $(ARGS)
	@$(BIN)/uv $(LOCK) pyproject.toml --extra watch --group build -c requirements-dev.lock -o requirements.lock $(ARGS)
	@for function in functions/*/; do \
	    $(BIN)/uv $(LOCK) pyproject.toml --extra s3 --override functions/overrides.txt -c requirements-dev.lock \
	        -o $${function}requirements.txt || exit 1; \
	done

.PHONY: clean
clean: ## Remove what was installed and cached; .casare, the stack's data, stays
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- installation: a stamp per set, so that a second `make up` installs nothing ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "casare_cloud needs Python 3.11 or newer; say which one to use with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { rm -rf $(VENV); echo "This Python cannot make a virtual environment; on Debian: apt install python3-venv." >&2; exit 1; }

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the stack needs into $(VENV) (once) …"
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib src functions >/dev/null || true
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml $(RUNTIME)
	@echo "Installing what the tests need into $(VENV) (once) …"
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $@
