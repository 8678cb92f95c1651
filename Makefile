# Everything a clone needs, from Python 3.11+ and make alone. `make` lists it.
# Another interpreter: make run PYTHON=/path/to/python3

.DEFAULT_GOAL := help
.PHONY: help setup run flask test test-stripe torture fuzz timing audit check format db lock bench pictures clean

VENV := .venv
PY := $(VENV)/bin/python
SOURCES := membership webhooks sandbox tests migrations gunicorn.conf.py
TESTS ?= tests
# How many test processes at once; each starts its own PostgreSQL when a test asks for one.
PROCESSES ?= 2

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Build .venv with everything, development tools included

run: $(VENV)/.sandbox ## Start the whole site here, with the sandbox instead of Stripe and MailerLite
	@exec $(PY) -m sandbox.run

flask: $(VENV)/.sandbox ## A command for the site that `make run` runs: make flask do="owner add ada@example.com"
	@$(if $(strip $(do)),,echo 'Say which command: make flask do="owner add ada@example.com"'; exit 1)
	@$(PY) -m sandbox.run $(do)

test: $(VENV)/.dev ## Run every test: make test, or make test TESTS=tests/billing
	@echo "Running the tests in $(PROCESSES) processes."
	@STRIPE_TEST_KEY= $(PY) -m pytest -n $(PROCESSES) --dist loadgroup $(TESTS)

test-stripe: $(VENV)/.dev ## Tell the story to Stripe itself: STRIPE_TEST_KEY=sk_test_... make test-stripe
	@test -n "$(STRIPE_TEST_KEY)" || { echo "Lend it the key of a test account: STRIPE_TEST_KEY=sk_test_... make test-stripe"; exit 1; }
	@$(PY) -m pytest tests/against_stripe

torture: $(VENV)/.dev ## Random lives with kills and faults: make torture SEED=1 MEMBERS=20 MINUTES=10 DB=both
	@$(PY) -W ignore -m tests.torture $(if $(SEED),--seed $(SEED)) --members $(or $(MEMBERS),20) \
	  --minutes $(or $(MINUTES),10) --db $(or $(DB),both)

fuzz: $(VENV)/.dev ## Hostile requests at every address: make fuzz REQUESTS=10000 SEED=1
	@$(PY) -W ignore -m tests.hostile.fuzzing --requests $(or $(REQUESTS),10000) --seed $(or $(SEED),1)

timing: $(VENV)/.dev ## Whether an answer's time says who has an account; a quarter of an hour: make timing TRIES=200
	@$(PY) -W ignore -m tests.hostile.timing --tries $(or $(TRIES),200)

audit: $(VENV)-audit/.done ## Whether a known hole is in a package that is pinned (asks PyPI)
	@$(VENV)-audit/bin/python scripts/audit

check: $(VENV)/.dev ## Formatting, lint, types and the direction of imports
	@echo "Formatting:"
	@$(PY) -m ruff format --check .
	@echo "Lint:"
	@$(PY) -m ruff check .
	@echo "Types:"
	@$(PY) -m mypy
	@echo "Imports:"
	@PYTHONPATH=. $(PY) $(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

db: $(VENV)/.sandbox ## Bring the database named in .env up to date
	@$(PY) -m flask db upgrade

bench: $(VENV)/.dev ## Measure what must be quick, on a quiet machine: make bench, or make bench ONLY=growth
	@$(PY) bench/run.py $(ONLY)

pictures: $(VENV)/.dev ## Make the pictures in README and docs anew (needs a browser)
	@PYTHONPATH=. $(PY) scripts/make-pictures

lock: $(VENV)/.dev ## Pin the newest versions that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv; see https://docs.astral.sh/uv/"; exit 1; }
	@$(call pin,production,)
	@$(call pin,sandbox,--extra=sandbox)
	@$(call pin,dev,--extra=dev)
	@$(call pin,audit,,requirements/audit.in)

clean: ## Remove what was built and the sandbox's data; .env and your own database stay
	@rm -rf $(VENV) $(VENV)-audit .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@rm -rf instance/sandbox* instance/run-* instance/logs instance/cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Clean."

define pin
echo "Pinning requirements/$(1).txt" && uv pip compile $(or $(3),pyproject.toml) $(2) --upgrade --universal \
  --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet \
  -o requirements/$(1).txt
endef

# Stamps: a set-up that was finished is not done again until the pins change.
# The development pins contain the others, so they answer for both.
$(VENV)/.dev: requirements/dev.txt $(VENV)/.made
	@echo "Installing the pinned packages and the development tools (a minute the first time)."
	@$(PY) -m pip install --quiet --require-hashes --disable-pip-version-check -r requirements/dev.txt
	@touch $(VENV)/.sandbox $@

$(VENV)/.sandbox: requirements/sandbox.txt $(VENV)/.made
	@echo "Installing the pinned packages (half a minute the first time)."
	@$(PY) -m pip install --quiet --require-hashes --disable-pip-version-check -r requirements/sandbox.txt
	@touch $@

# What audits is no part of what is audited.
$(VENV)-audit/.done: requirements/audit.txt
	@PYTHON="$(PYTHON)" sh scripts/make-venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip install --quiet --require-hashes --disable-pip-version-check -r requirements/audit.txt
	@touch $@

$(VENV)/.made:
	@PYTHON="$(PYTHON)" sh scripts/make-venv $(VENV)
	@touch $@
