# make demo: look at it. make stack: look at it as production runs it. make test, make check: what must hold.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
PRODUCT := $(VENV)/.product-installed
DEVELOPERS := $(VENV)/.developers-installed
ENGINES := $(VENV)/.engines-installed

.PHONY: help demo stack install test check clean
.DELETE_ON_ERROR:

help:
	@echo "make demo      the whole product on this machine, with made-up drivers"
	@echo "make stack     the same on MongoDB and Redis, in many processes behind nginx (Linux on x86-64)"
	@echo "make test      every test, on SQLite and on MongoDB with Redis"
	@echo "make check     style, types, Django's checks, missing migrations, house rules"
	@echo "make install   the virtual environment that they use"
	@echo "make clean     remove it"

$(PRODUCT): requirements/base.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(DEVELOPERS): $(PRODUCT) requirements/dev.txt
	$(PIP) -r requirements/dev.txt
	@touch $@

$(ENGINES): $(PRODUCT) requirements/engines.txt
	$(PIP) -r requirements/engines.txt
	@touch $@

demo: $(PRODUCT)
	@deploy/demo.sh

stack: $(ENGINES)
	@exec $(BIN)/python -m deploy.stack

install: $(DEVELOPERS)

test: $(DEVELOPERS)
	@tests/run.sh $(ARGS)

check: $(DEVELOPERS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --quiet --lint
	DEBUG=1 $(BIN)/mypy
	DEBUG=1 $(BIN)/python manage.py check
	@tests/migrations.sh
	$(BIN)/pytest --quiet tests/test_house_rules.py

clean:
	rm -rf $(VENV) build *.egg-info
