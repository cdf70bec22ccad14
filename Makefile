# Entry points only; how things are built stands in libcommon/build/rules.mk. `make` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

include libcommon/build/rules.mk

.PHONY: help
help: ## this list
	@grep -hE '^[a-z][a-z_-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z_-]+):.*## /\1\t/' | sort | \
	  awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: deps
deps: ## install the Debian packages that are missing (sudo when not root)
	@deploy/local/deps.sh

.PHONY: build
build: deps ## compile everything (BUILD=debug|release, CC=gcc|clang)
	@$(MAKE) --no-print-directory -j$$(nproc) programs

.PHONY: programs
programs: $(PROGRAMS)
	@mkdir -p bin && for p in $(PROGRAMS); do ln -sf ../$$p bin/$$(basename $$p); done

.PHONY: unit
unit: ## build and run the unit tests of one area: make unit AREA=base
	@$(MAKE) --no-print-directory -j$$(nproc) $(filter $(OUT)/tests/unit/$(AREA)%,$(TESTS))
	@for t in $(filter $(OUT)/tests/unit/$(AREA)%,$(TESTS)); do $$t || exit 1; done
