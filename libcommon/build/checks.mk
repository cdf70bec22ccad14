# `make check` and its parts; each is also one test of `make test`.
SOURCES = $(shell git ls-files -co --exclude-standard -- '*.c' '*.h' '*.def' 2>/dev/null | grep -v '\.def$$')
TIDY_C = $(filter %.c,$(SOURCES))
TIDY_OK = $(patsubst %.c,$(OUT)/tidy/%.ok,$(filter-out tests/fuzz/%,$(TIDY_C)))
PURE_ARCHIVES = $(PURE_LIBS) $(ALL_CORES)

CHECKS := check-format check-purity check-registries check-failpoints check-includes check-size check-secrets check-proto \
          check-compilers check-tidy check-shell

.PHONY: check $(CHECKS)
check: deps-test ## format, tidy, both compilers, purity, registries, proto, secrets
	@set -e; for c in $(CHECKS); do echo "$$c"; $(MAKE) --no-print-directory -j$$(nproc) $$c; done; echo "check: clean"

check-format:
	@clang-format --dry-run -Werror $(SOURCES)
check-purity: $(PURE_ARCHIVES)
	@libcommon/build/check_purity.sh $(PURE_ARCHIVES)
check-registries:
	@$(foreach d,$(REGISTRY_DEFS),libcommon/build/check_registry.sh $(d) $(call registry_dir,$(d)) &&) true
check-failpoints:
	@libcommon/build/check_failpoints.sh
check-includes:
	@libcommon/build/check_includes.sh
check-size:
	@libcommon/build/check_size.sh
check-secrets:
	@libcommon/build/check_secrets.sh
check-proto:
	@libcommon/build/check_proto.sh
check-shell:
	@for s in $$(git ls-files -co --exclude-standard -- '*.sh' .ci/run); do bash -n $$s || exit 1; done
check-compilers:
	@$(MAKE) --no-print-directory CC=gcc programs_only
	@$(MAKE) --no-print-directory CC=clang programs_only
check-tidy: $(TIDY_OK)

# One stamp per file: a file is looked at again when it or a header that it includes changed. The path
# analyzer stays out of tests: they inline whole cores from their rigs, so that one file costs it more than
# twenty seconds, and what it says there is about cmocka's assertions, which it does not see through. The
# whole tree without them takes about two minutes of two cores.
tidy = clang-tidy --quiet $(if $(filter tests/%,$(1)),--checks='-clang-analyzer-*') $(1) -- $(CSTD) $(INCLUDES) \
       $(BANNED) $(CFLAGS_$(subst /,_,$(1))) $(INC_RT) -I$(OUT)/gen
$(OUT)/tidy/%.ok: %.c .clang-tidy $(OUT)/obj/%.o
	@mkdir -p $(@D)
	@echo "  TIDY $<"
	@$(call tidy,$<) 2>/dev/null || { $(call tidy,$<) >&2; exit 1; }
	@touch $@

.PHONY: purity
purity: check-purity ## prove from the archives that cores do no I/O and keep no state

.PHONY: programs_only
programs_only: $(PROGRAMS) $(ALL_CORES)
