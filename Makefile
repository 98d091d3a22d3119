# `make demo` and `make test` each do everything on a fresh machine (Python 3.11 to 3.13, pip, make).
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test lint docs clean

demo: .venv/ready
	bash examples/demo.sh demo

test: .venv/ready
	ruff check .
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

docs: .venv/ready
	uv pip install --quiet --python $(BIN)/python -e ".[docs]"
	sphinx-build -q -W -b html docs docs/_build/html

# uv installs in a minute what takes pip three; pip does where there is no uv for this machine
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet uv || true
	if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --python $(BIN)/python -e ".[test]"; \
	else $(BIN)/pip install -e ".[test]"; fi
	touch .venv/ready

clean:
	rm -rf .venv demo build dist outputs
