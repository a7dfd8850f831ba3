# Every command of the README. Each makes what it needs first; all that is made stays in this folder.

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is a Python Parley runs on; `make demo PYTHON=/path/to/python3.12` chooses another.
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo "$$python" && break; done)
PORT := 8080
# Which benchmark `make bench` runs, a file in benchmarks/.
OF := airflow_overhead

export PIP_CACHE_DIR := $(CURDIR)/.parley/cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DBT_PROFILES_DIR := $(CURDIR)/dbt
# Without bytecode every process starts several times slower.
unexport PYTHONDONTWRITEBYTECODE
# What a shell has set for another Airflow or another Python is not for this one.
unexport PYTHONPATH PYTHONHOME AIRFLOW_HOME AIRFLOW_CONFIG

# A file is one process's: its tests share an Airflow or a warehouse. In the order of tests/conftest.py.
IN_PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo up test test-compose reliability bench erd docs screenshots deps lint requirements licences clean secrets image ci-build \
	ci-drop release promote rollback releases mwaa

help:
	@echo "make demo   the samples of the three domains through Airflow"
	@echo "make up     Airflow with its UI on http://localhost:$(PORT) (PORT=...)"
	@echo "make test   the tests, but for the two below, which take long"
	@echo "make test-compose  the processes of docker-compose.yml, run natively, and a Celery worker killed"
	@echo "make reliability   disturb runs in every way, and write the table of docs/reliability.md"
	@echo "make bench  what Airflow adds to dbt, in some 12 minutes; see docs/benchmarks.md (ARGS=...)"
	@echo "            other benchmarks: make bench OF=semantic, OF=unpack, OF=ecommerce (ARGS=...)"
	@echo "make erd    docs/<domain>_erd.md from the models"
	@echo "make docs   a static site into site/: pages, diagrams, dbt docs"
	@echo "make screenshots   docs/images from the pages in Airflow's UI; needs chromium"
	@echo "make deps   dbt's packages again, from its hub if it can be reached"
	@echo "make lint   ruff, mypy, yamllint"
	@echo "make licences   docs/licences.md: what the dependencies are licensed under"
	@echo "make requirements   compile requirements.txt from requirements.in"
	@echo "make secrets   make up the secrets that .env does not have yet, for docker compose"
	@echo "make image  the container image of this commit; see docs/deployment.md for this and all below"
	@echo "make ci-build  build what has changed beside production, in schemas of its own (SUFFIX=pr_42 BASE=commit)"
	@echo "make ci-drop   drop these schemas (SUFFIX=pr_42)"
	@echo "make release   deploy a commit to staging (COMMIT=HEAD)"
	@echo "make promote   deploy to production what staging runs"
	@echo "make rollback  deploy the release before again (ENV=prod)"
	@echo "make releases  what was deployed, and when"
	@echo "make mwaa   build/mwaa: what Amazon MWAA takes"
	@echo "make clean  remove all that was made, the warehouse too"

demo: $(VENV)/packages
	@$(BIN)/parley demo

up: $(VENV)/packages
	@$(BIN)/parley up --port $(PORT)

test: $(VENV)/installed-dev $(VENV)/packages
	$(BIN)/pytest $(IN_PARALLEL) --ignore tests/faults --ignore tests/deploy/test_compose.py $(ARGS)

test-compose: $(VENV)/installed-dev $(VENV)/packages
	$(BIN)/pytest tests/deploy/test_compose.py $(ARGS)

reliability: $(VENV)/installed-dev $(VENV)/packages
	$(BIN)/pytest -m fault --reliability $(ARGS)

bench: $(VENV)/packages
	@$(BIN)/python benchmarks/$(OF).py $(ARGS)

erd: $(VENV)/packages
	@$(BIN)/python -m parley.erd

deps: $(VENV)/installed
	@$(BIN)/parley deps
	@touch $(VENV)/packages

docs: erd $(VENV)/installed-dev
	@$(BIN)/python -m parley.site

screenshots: $(VENV)/installed-dev $(VENV)/packages
	SCREENSHOTS=$(CURDIR)/docs/images $(BIN)/pytest tests/e2e/test_pages.py

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .

licences: $(VENV)/installed-dev
	@{ echo "# Licences of the dependencies"; echo; \
		echo "What \`requirements.txt\` installs, by \`make licences\`. Tools for tests and documentation are not in it."; echo; \
		$(BIN)/pip-licenses --format markdown --with-urls --packages \
		$$(sed -n 's/^\([A-Za-z0-9._-]*\).*==.*/\1/p' requirements.txt) | sed 's/  */ /g; s/-\{4,\}/---/g'; } > docs/licences.md

requirements: $(VENV)/installed-dev
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --universal --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt

secrets: $(VENV)/installed
	@$(BIN)/python -m parley.deploy secrets

image:
	docker build --tag $(or $(PARLEY_IMAGE),parley):latest \
		--tag $(or $(PARLEY_IMAGE),parley):$(shell git rev-parse --short=12 HEAD) .

ci-build: $(VENV)/packages
	@DEPLOY_ENV=ci SCHEMA_SUFFIX=$(SUFFIX) $(BIN)/python -m parley.deploy build --base "$(BASE)"

ci-drop: $(VENV)/packages
	@DEPLOY_ENV=ci SCHEMA_SUFFIX=$(SUFFIX) $(BIN)/python -m parley.deploy drop

release: $(VENV)/installed
	@$(BIN)/python -m parley.deploy release $(or $(COMMIT),HEAD)

promote: $(VENV)/installed
	@$(BIN)/python -m parley.deploy promote

rollback: $(VENV)/installed
	@$(BIN)/python -m parley.deploy rollback $(or $(ENV),prod)

releases: $(VENV)/installed
	@$(BIN)/python -m parley.deploy status

mwaa: $(VENV)/packages
	@$(BIN)/python -m parley.deploy mwaa

clean:
	rm -rf $(VENV) .parley build site warehouse.duckdb warehouse.duckdb.wal dbt/target dbt/logs dbt/dbt_packages \
		plugins/parley.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything is pinned, so pip need not resolve anything: --no-deps halves the time.
$(VENV)/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11, 3.12 or 3.13 with venv and pip (on Debian:" \
		"apt install python3-venv). Name one with make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into $(VENV) (once, about two minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --no-deps -r requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/pip check
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@$(BIN)/pip install --quiet --no-deps -r requirements-dev.txt
	@touch $@

$(VENV)/packages: $(VENV)/installed dbt/packages.yml $(shell find dbt/offline_packages -type f)
	@$(BIN)/parley deps
	@touch $@
