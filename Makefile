# Entry points only; how things are built stands in libcommon/build/. `make` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

include libcommon/build/rules.mk
include libcommon/build/checks.mk
include libcommon/build/sim.mk
include libcommon/build/tests.mk

.PHONY: help
help: ## this list
	@grep -hE '^[a-z][a-z_-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z_-]+):.*## /\1\t/' | sort | \
	  awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'
	@echo "  options: BUILD=debug|release  CC=gcc|clang  REPLAY=FILE  SPEED=N|lockstep  SEED=N  RUNS=N"

.PHONY: run up stop
run: build ## build and trade on simulated money until Ctrl-C (REPLAY=, SPEED=, AGENTS=)
	@exec deploy/local/run.sh run
up: build ## the same in the background; returns when all is healthy (see .run/endpoints.json)
	@deploy/local/run.sh up
stop: ## stop what `make up` or `make run` started
	@deploy/local/run.sh stop

.PHONY: deps deps-test build programs clean
deps: ## install the Debian packages that are missing (by sudo when not root)
	@deploy/local/deps.sh
deps-test:
	@deploy/local/deps.sh test
build: deps ## compile everything
	@$(MAKE) --no-print-directory -j$$(nproc) programs
programs: $(PROGRAMS)
	@mkdir -p bin && for p in $(PROGRAMS); do ln -sf ../$$p bin/$$(basename $$p); done
clean: stop ## remove what was built and the private run
	@rm -rf build bin .run
