# `make demo` and `make test` are the two commands; everything that they need, they install into .venv.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV_COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# Tests and demo start hundreds of processes; each would compile everything anew, in 3 s instead of 1.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup node up demo test unit bench chaos soak simulate laws conformance renewals fuzz paging examples check format lock clean

setup:
	@$(PYTHON) requirements/install.py dev.lock

node: setup
	@$(PYTHON) requirements/install_node.py

up: setup
	@$(BIN)/python manage.py up $(ARGS)

demo: setup
	@$(BIN)/python -m demo $(ARGS)

test: node
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

unit: setup
	@$(BIN)/python -m pytest -n 2 -q -m "not django_db and not real and not processes" $(ARGS)

bench: setup
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: setup
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: setup
	@$(BIN)/python -m tests.soak $(ARGS)

simulate: setup
	@$(BIN)/python -m tests.simulation $(ARGS)

laws: setup
	@$(BIN)/python -m tests.laws $(ARGS)

conformance: setup
	@$(BIN)/python -m tests.conformance $(ARGS)

examples: setup
	@ISTHMUS_RECORD_EXAMPLES=1 $(BIN)/python -m pytest -n 0 tests/unified_api/api/test_examples.py

renewals: setup
	@ISTHMUS_RENEWALS=1000 $(BIN)/python -m pytest -n 0 -o timeout=3600 tests/real/test_oauth.py $(ARGS)

fuzz: setup
	@$(BIN)/python -m tests.fuzz $(ARGS)

paging: setup
	@$(BIN)/python -m tests.paging $(ARGS)

check: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python manage.py check
	@$(BIN)/python manage.py makemigrations --check --dry-run

format: setup
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: node
	@cd requirements && for name in uv node runtime server-roundup server-django-helpdesk server-canaille server-tryton peer-dlt; do ../$(UV_COMPILE) $$name.in -o $$name.lock || exit 1; done
	@cd requirements && ../$(UV_COMPILE) --constraint runtime.lock dev.in -o dev.lock
	@cd requirements && ../$(UV_COMPILE) --constraint dev.lock import-merge.in -o import-merge.lock
	@$(PYTHON) requirements/lock_node.py

clean:
	rm -rf .venv .isthmus .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
