# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# A thin front for deploy/bootstrap.sh and the CMake presets. `make help` lists
# the targets. Variables: STRATA_TORCH (a LibTorch of one's own), STRATA_CACHE,
# JOBS (compilers at once), FUZZ_SECONDS, SOAK_FLAGS (as "--seconds 60"),
# BENCH_FLAGS (as "--only goodput"), TORCH (of `make package`: cpu, cuda, none).

SHELL := /bin/bash
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
TORCH ?= cpu
PYTHON := build/python-environment/bin/python
BENCH_TARGETS := strata-server strata-bench-limit strata-bench-load

# build-<preset>: configure if needed, then build; quiet unless it fails.
define build
	@test -f build/$(1)/build.ninja -a build/$(1)/build.ninja -nt build/dependencies.cmake \
	  || cmake --preset $(1) --log-level=WARNING
	@cmake --build --preset $(1) -j $(JOBS) $(2)
endef

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: ## Install and build what Strata is built from
	@deploy/bootstrap.sh

.PHONY: build
build: setup ## Build the release preset into build/release
	$(call build,release)

.PHONY: demo
demo: setup ## Export two models, serve them, ask them, print what came back
	$(call build,release,--target strata-server strata)
	@PYTHONPATH=client/python $(PYTHON) deploy/demo.py

.PHONY: serve
serve: setup ## The demo's models, served until Ctrl-C
	$(call build,release,--target strata-server strata)
	@PYTHONPATH=client/python $(PYTHON) deploy/demo.py --serve

.PHONY: test
test: build ## Every test but the nightly ones; ends with "N passed, N failed"
	@PYTHONPATH=client/python $(PYTHON) deploy/run_tests.py --preset release

.PHONY: check
check: ## Sanitizers and lint, all of which must be clean
	@deploy/bootstrap.sh --lint
	@deploy/lint.sh
	$(call build,tsan)
	@ctest --preset tsan -j $(JOBS) --quiet
	$(call build,asan)
	@ctest --preset asan -j $(JOBS) --quiet

.PHONY: fuzz
fuzz: ## Run each fuzz target, a minute unless FUZZ_SECONDS says otherwise
	@deploy/bootstrap.sh --lint
	$(call build,fuzz)
	@deploy/fuzz.sh $(FUZZ_SECONDS)

.PHONY: soak
soak: setup ## Half an hour of load while everything goes wrong, then a table
	$(call build,release,--target strata-server)
	@$(PYTHON) tests/soak/run.py $(SOAK_FLAGS)

.PHONY: nightly
nightly: test check fuzz soak ## make test, check, fuzz and soak, faults under sanitizers, and the tests too long for them
	@PYTHONPATH=client/python $(PYTHON) deploy/run_tests.py --preset asan --faults
	@deploy/bootstrap.sh --nightly
	@PYTHONPATH=client/python $(PYTHON) deploy/run_tests.py --preset release --nightly

.PHONY: package
package: setup ## An archive that runs on a bare machine: TORCH=cpu, cuda or none
	$(call build,release,--target strata-server strata)
	@deploy/package.py --torch $(TORCH)

.PHONY: test-gpu
test-gpu: build ## The tests labelled gpu, on a machine that has one
	@PYTHONPATH=client/python $(PYTHON) deploy/run_tests.py --preset release --gpu

.PHONY: bench
bench: setup ## Measure the server beside LibTorch alone; an hour on two cores
	$(call build,release,--target $(BENCH_TARGETS))
	@PYTHONPATH=client/python $(PYTHON) tests/bench/run.py $(BENCH_FLAGS)

.PHONY: bench-gpu
bench-gpu: setup ## Measure the server on a CUDA device: seven figures, two decoders
	$(call build,release,--target $(BENCH_TARGETS))
	@PYTHONPATH=client/python $(PYTHON) tests/bench/run.py --gpu $(BENCH_FLAGS)

.PHONY: format
format: ## Format the C++ sources in place
	@deploy/lint.sh --format

.PHONY: clean
clean: ## Remove build/ (the cache of others' code stays)
	@rm -rf build
