# Two commands: `make run` and `make test`. Everything else serves those who work on the code.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8080
CONFIG ?= config/ecommerce
DATA   ?= data
SLACK_PORT ?= 8090

BIN := .venv/bin
NODE := tests/widget/node_modules/.package-lock.json

.PHONY: help run run-with-slack test check format lock docs clean

help:           ## Show this list.
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' Makefile | sed 's/:.*##/\t/'

run: .venv/installed  ## Install, train what is not trained, and serve on http://127.0.0.1:8080.
	@HOST=$(HOST) PORT=$(PORT) DATA=$(DATA) $(BIN)/frontdesk serve $(CONFIG)

run-with-slack: .venv/installed-test  ## Serve with a stand-in for Slack on http://127.0.0.1:8090, to play agent too.
	@$(BIN)/python -m tests.fake_slack.demo --config $(CONFIG) --host $(HOST) --port $(PORT) --slack-port $(SLACK_PORT)

test: .venv/installed-test $(NODE)  ## Run the whole suite, in four processes: many a test waits for a clock.
	@$(BIN)/python -m pytest -q -n 4 --dist worksteal

check: .venv/installed-test  ## Lint, format check and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy bot nlp crm_store

format: .venv/installed-test  ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/installed-test  ## Write the generated pages and schemas anew.
	$(BIN)/python -m bot.settings.schemas docs

lock: .venv/installed-test  ## Resolve the dependencies anew into requirements.lock.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/python -m uv pip compile --quiet --all-extras --python-version 3.11 \
		--no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
		--no-emit-package frontdesk -o requirements.lock pyproject.toml

clean:          ## Remove what can be made again.
	rm -rf .venv dist build config/*/.model .pytest_cache .mypy_cache .ruff_cache

.venv/installed: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Frontdesk (about a minute, once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

.venv/installed-test: .venv/installed
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[test]'
	@touch $@

# Without npm, what needs it is skipped.
$(NODE): tests/widget/package-lock.json
	@! command -v npm >/dev/null || (cd tests/widget && npm ci --silent)
