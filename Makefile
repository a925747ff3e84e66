# Reglament: two commands. `make run` serves it on localhost, `make test` checks everything.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000

.PHONY: run year test lint bench pictures lock clean

run: $(VENV)/.run node_modules/.installed engine/web/static/dist/.built
	@$(BIN)/python app.py setup
	@$(BIN)/python app.py run --port $(PORT)

# A company with a year behind it, in a folder of its own; made once, served afterwards.
year: $(VENV)/.run node_modules/.installed engine/web/static/dist/.built
	@test -e var-year/demo-accounts.txt || REGLAMENT_VAR=var-year $(BIN)/python app.py demo-year
	@REGLAMENT_VAR=var-year $(BIN)/python app.py run --port $(PORT)

test: system $(VENV)/.dev node_modules/.installed tests/feel_js/node_modules/.installed engine/web/static/dist/.built lint
	@echo "== tests"
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=20

lint: $(VENV)/.dev
	@echo "== lint, types, import contracts"
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.run

# Pictures of every page for the documentation (docs/pictures), from a company that lives some weeks.
pictures: $(VENV)/.dev node_modules/.installed engine/web/static/dist/.built
	@$(BIN)/python -m tests.pages.pictures

.PHONY: system
system:
	@bash .ci/system-packages

$(VENV)/bin/python:
	@echo "== creating the Python environment ($(VENV))"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Name another: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements.txt
	@echo "== installing Python packages (about a minute, once)"
	@test -e $(VENV)/.dev || $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements-dev.txt
	@echo "== installing Python packages for development (about two minutes, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json
	@echo "== installing browser packages (about a minute, once)"
	@command -v npm >/dev/null || { echo "Node 20 or newer with npm is needed"; exit 1; }
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

tests/feel_js/node_modules/.installed: tests/feel_js/package.json tests/feel_js/package-lock.json
	@cd tests/feel_js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

engine/web/static/dist/.built: node_modules/.installed $(shell find engine/web/assets engine/web/translations -type f 2>/dev/null)
	@echo "== building the browser bundles and the translations"
	@npm run --silent build
	@touch $@

lock:
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) node_modules tests/feel_js/node_modules engine/web/static/dist var
