# Two commands matter: `make run` and `make test`. Both set up what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench bench-lincheck protos setup setup-dev format clean

run: setup
	$(BIN)/splitbrain run raft -n partition,kill,pause --time 30s
	$(BIN)/splitbrain run primary-backup -o mode=async -n partition,kill,pause --time 20s --expect anomaly

test: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --ignore=tests/e2e --ignore=tests/conformance
	$(BIN)/pytest tests/conformance tests/e2e --ignore-glob='*/e2e/test_ssh*'
	$(BIN)/pytest -n 2 tests/e2e/test_ssh.py tests/e2e/test_ssh_hostile.py tests/e2e/test_ssh_secrets.py

bench: setup
	$(BIN)/python -m benchmarks

bench-lincheck: setup
	$(BIN)/python -m benchmarks.lincheck

protos: setup-dev
	sh .ci/protos $(BIN)/python

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.installed
	@sh .ci/packages iproute2:ip nftables:nft util-linux:unshare

setup-dev: setup $(VENV)/.installed-dev
	@sh .ci/packages chromium:chromium libatomic1:libatomic.so.1 debootstrap:debootstrap

$(VENV)/.installed: pyproject.toml
	@sh .ci/venv $(PYTHON) $(VENV)
	$(BIN)/pip install -q -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install -q -e '.[dev,cluster]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
