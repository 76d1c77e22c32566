# The portal's commands; `make help` lists them. Nothing but Python 3.11 or newer and make has to be there.
# PORT= and DATA= choose port and data folder of `make up`, PYTHON= the interpreter, PYTEST= further arguments of the tests.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up local-llm test test-browser test-stack test-full check bench screenshots fix lock

VENV := .venv
RUN := $(VENV)/bin/python
VENV_READY := $(VENV)/.created
READY := $(VENV)/.installed
DEV_READY := $(VENV)/.installed-dev
LOCAL_LLM_READY := $(VENV)/.installed-local-llm
PYTHONS := python3 python3.11 python3.12 python3.13 python3.14
PYTHON ?= $(shell for python in $(PYTHONS); do if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
CHROMIUM ?= /usr/bin/chromium
LOCK := $(RUN) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml
# Checks load the settings but open no installation.
CHECK_SETTINGS := RAIPORTAL_EMBEDDED=1 RAIPORTAL_SECRET_KEY=checked-not-used RAIPORTAL_FIELD_KEYS=checked-not-used RAIPORTAL_LEDGER_KEY=Y2hlY2tlZCBvbmx5LCBub3QgdXNlZCB0byBzaWduLi4=

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(READY) ## start the portal with everything it needs, in the foreground (PORT=, DATA=)
	@exec $(RUN) manage.py up $(if $(PORT),--port '$(PORT)') $(if $(DATA),--data '$(DATA)')

local-llm: $(LOCAL_LLM_READY) ## start a real small model on the CPU as an OpenAI-compatible endpoint, in the foreground (PORT=)
	@exec $(RUN) -m raiportal.localmodel $(if $(PORT),--port '$(PORT)')

test: $(DEV_READY) ## run the tests, in parallel
	@$(RUN) -m pytest -n auto --dist loadgroup $(PYTEST)

test-browser: $(DEV_READY) ## run the browser tests with Debian's chromium
	@test -x $(CHROMIUM) || { echo "$(CHROMIUM) is missing: apt install chromium (Debian), or name one with CHROMIUM=." >&2; exit 1; }
	@CHROMIUM=$(CHROMIUM) $(RUN) -m pytest -m "browser and not full" $(PYTEST)

test-stack: $(DEV_READY) ## run the commands of docker-compose.yml on the system's PostgreSQL and Redis
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { echo "No PostgreSQL server was found: apt install postgresql (Debian)." >&2; exit 1; }
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null || { echo "No redis-server was found: apt install redis-server (Debian)." >&2; exit 1; }
	@$(RUN) -m pytest -m "stack and not full" $(PYTEST)

test-full: $(DEV_READY) $(LOCAL_LLM_READY) ## run every test of faults and kills, and a real small model in the browser
	@test -x $(CHROMIUM) || { echo "$(CHROMIUM) is missing: apt install chromium (Debian), or name one with CHROMIUM=." >&2; exit 1; }
	@CHROMIUM=$(CHROMIUM) $(RUN) -m pytest -m "full or processes" -v --durations=10 $(PYTEST)

check: $(DEV_READY) ## run the static checks and the tests of the repository itself (who may open what is tried by `make test`)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(CHECK_SETTINGS) $(RUN) -m mypy raiportal systems harms measurements sample manage.py
	$(RUN) -m djlint templates --lint --quiet
	$(VENV)/bin/lint-imports
	$(CHECK_SETTINGS) $(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(RUN) -m pytest tests/project --ignore tests/project/test_access.py $(PYTEST)

bench: $(DEV_READY) ## measure speed against the goals
	@$(RUN) -m benchmarks

screenshots: $(DEV_READY) ## photograph every page, both themes, narrow and wide
	@test -x $(CHROMIUM) || { echo "$(CHROMIUM) is missing: apt install chromium (Debian), or name one with CHROMIUM=." >&2; exit 1; }
	@CHROMIUM=$(CHROMIUM) $(RUN) -m tests.browser.screenshots

fix: $(DEV_READY) ## format, and repair what can be repaired by itself
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .
	$(RUN) -m djlint templates --reformat --quiet

lock: $(DEV_READY) ## write the hashed requirements anew from pyproject.toml
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev --constraint requirements.txt -o requirements-dev.txt
	$(LOCK) --extra local-llm --constraint requirements.txt -o requirements-local-llm.txt

# The virtual environment. Each step leaves a stamp, so a warm start looks at three files and goes on. The development tools come on top of what
# `make up` needs, in the same environment, and neither takes the other's packages away.

$(VENV_READY):
	@test -n "$(PYTHON)" || { echo "raiportal needs Python 3.11 or newer, and none was found: apt install python3 (Debian), or name one with PYTHON=." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "raiportal needs Python 3.11 or newer, and $(PYTHON) is none: name another with PYTHON=." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: apt install python3-venv (Debian), then give the command again." >&2; exit 1; }
	@echo "Creating the virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv || echo "uv could not be installed; pip does its work, more slowly." >&2
	@touch $@

$(READY): requirements.txt | $(VENV_READY)
	@$(call install,$<)

$(DEV_READY): requirements-dev.txt $(READY)
	@$(call install,$<)

$(LOCAL_LLM_READY): requirements-local-llm.txt $(READY)
	@$(call install,$<)

define install
echo "Installing $(1) ..."; \
$(RUN) -m uv pip install --quiet --python $(RUN) --require-hashes -r $(1) 2>$(VENV)/uv.log \
|| $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) \
|| { echo "The packages in $(1) could not be installed: see above, and $(VENV)/uv.log." >&2; exit 1; }; \
touch $@
endef
