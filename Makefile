# Two commands are all a newcomer needs: `make verify` and `make test`. Both make the environment they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The CPU build of torch: without a pin a newer release would pull in gigabytes of CUDA libraries.
TORCH := torch==2.13.0
OUT ?= runs/verify
export OMP_NUM_THREADS ?= 1

# One worker a core. A worker takes neighbours, so that it makes what the tests of one file share once; what is left at
# the end is shared out.
WORKERS := -n auto --dist worksteal

.PHONY: verify test test-fast lint bench house check-the-checks formal clean

verify: $(STAMP)
	$(BIN)/logitbounds verify --out $(OUT)

test: $(STAMP)
	$(BIN)/python -m pytest $(WORKERS)

test-fast: $(STAMP)
	$(BIN)/python -m pytest $(WORKERS) -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

house: $(STAMP)
	$(BIN)/python -m tests.house

check-the-checks: $(STAMP)
	$(BIN)/python -m tests.theory.conformance.check_the_checks

# The central theorems in Coq, of the statements that the catalogue has now; says what to install where Coq is missing.
formal: $(STAMP)
	$(BIN)/python -m theory.formal.build

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run

# Installed once; again only when the declared dependencies change. Nothing is fetched otherwise.
$(STAMP): pyproject.toml Makefile
	command -v $(PYTHON) >/dev/null && $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -c 'import sys; assert sys.version_info >= (3, 11), f"Python 3.11 or newer is needed, found {sys.version}"'
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
