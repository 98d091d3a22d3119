# `make demo` and `make test` each do everything on a fresh machine (Python 3.11 to 3.13, pip, make).
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# uv installs in a minute what takes pip three; pip does where there is no uv for this machine
install = if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --python $(BIN)/python $(1); else $(BIN)/pip install $(1); fi
suite = OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

.PHONY: demo test coverage hooks docs dist clean

demo: .venv/ready
	bash examples/demo/run.sh demo

test: .venv/ready
	ruff check .
	ruff format --check --quiet .
	$(suite)

# the tests, and how much of the package they run
coverage: .venv/ready
	$(suite) --cov --cov-report=term

hooks: .venv/ready
	$(call install,pre-commit)
	pre-commit install

docs: .venv/ready
	$(call install,-e ".[docs]")
	sphinx-build -q -W -b html docs docs/_build/html

# sdist and wheel in dist/, and members drawn from the wheel in an empty folder
dist: .venv/ready
	rm -rf dist build
	$(call install,build)
	python -m build --outdir dist
	.ci/smoke dist/*.whl $(PYTHON)

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet uv || true
	$(call install,-e ".[test]")
	touch .venv/ready

clean:
	rm -rf .venv demo build dist outputs
