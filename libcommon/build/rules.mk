# How everything is built. A module is an archive of its folder's .c files; adding a file needs no
# change here. Pure modules and cores see no library outside libcommon's pure part.
include libcommon/build/flags.mk

VARIANT := $(BUILD)$(if $(IS_CLANG),-clang)$(if $(SAN),-$(SAN))
OUT := build/$(VARIANT)
SERVICES := $(sort $(notdir $(patsubst %/main.c,%,$(wildcard services/*/main.c))))
CORES := $(sort $(foreach s,$(notdir $(wildcard services/*)),$(if $(wildcard services/$(s)/core/*.c),$(s))))

PURE_MODULES := base domain ind stats venue expr
SHELL_MODULES := wire rt testing
lib = $(OUT)/libcb_$(1).a
core = $(OUT)/libcore_$(1).a
find_c = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objs = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

# ---- generated code: protobuf-c (oracle of the codec's tests) and embedded migrations ----
PROTOS := $(wildcard proto/cerberus/v1/*.proto)
PROTO_C := $(patsubst proto/%.proto,$(OUT)/gen/%.pb-c.c,$(PROTOS))
PROTO_O := $(PROTO_C:.c=.o)
MIGRATED := $(sort $(foreach s,$(notdir $(wildcard services/*)),$(if $(wildcard services/$(s)/migrations/*.sql),$(s))))

# -DCB_VERSION comes from git; only rt/version.c sees it.
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unversioned)

.SECONDARY:
.SUFFIXES:
.DELETE_ON_ERROR:

# all generated sources in one place
$(OUT)/gen/%.pb-c.c: proto/%.proto
	@mkdir -p $(@D)
	@protoc-c --proto_path=proto --c_out=$(OUT)/gen $<
# one file's header includes another's: all are generated before any is compiled
$(PROTO_O): %.o: %.c | $(PROTO_C)
	@$(CC) $(CFLAGS_GENERATED) -c $< -o $@
-include $(PROTO_O:.o=.d)

define migration_rule
$(OUT)/gen/$(1)_migrations.c: $(wildcard services/$(1)/migrations/*.sql) libcommon/build/embed_sql.sh
	@mkdir -p $$(@D)
	@libcommon/build/embed_sql.sh $(1) $$(sort $$(wildcard services/$(1)/migrations/*.sql)) > $$@
$(OUT)/gen/$(1)_migrations.o: $(OUT)/gen/$(1)_migrations.c
	@$(CC) $(CFLAGS_GENERATED) $(INC_RT) -c $$< -o $$@
endef
$(foreach s,$(MIGRATED),$(eval $(call migration_rule,$(s))))
$(eval RT_MIGRATIONS := $(wildcard libcommon/rt/migrations/*.sql))
$(OUT)/gen/rt_migrations.c: $(RT_MIGRATIONS) libcommon/build/embed_sql.sh
	@mkdir -p $(@D)
	@libcommon/build/embed_sql.sh rt $(sort $(RT_MIGRATIONS)) > $@
$(OUT)/gen/rt_migrations.o: $(OUT)/gen/rt_migrations.c
	@$(CC) $(CFLAGS_GENERATED) $(INC_RT) -c $< -o $@

# ---- objects ----
$(OUT)/obj/%.o: %.c libcommon/build/flags.mk
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) $(if $(filter libcommon/wire/% libcommon/rt/% libcommon/testing/% services/% tests/%,$<),$(INC_RT) -I$(OUT)/gen) $(CFLAGS_$(subst /,_,$<)) -c $< -o $@
CFLAGS_libcommon_rt_lws_context.c = -DCB_USES_LWS
CFLAGS_libcommon_rt_server_ws.c = -DCB_USES_LWS
CFLAGS_libcommon_rt_ws_client.c = -DCB_USES_LWS
CFLAGS_services_simulator_tls.c = -DCB_USES_LWS
CFLAGS_tests_integration_test_ws_client.c = -DCB_USES_LWS
# loops over all kernels of a density: two at a time
CFLAGS_services_lab_core_search_parzen.c = -O3
CFLAGS_services_lab_core_samplers_tpe_multivariate.c = -O3
CFLAGS_libcommon_rt_version.c = -DCB_VERSION='"$(VERSION)"'

# ---- registries: X.def beside folder X; a missing half ends the build (see check_registry.sh) ----
REGISTRY_DEFS := $(foreach d,$(sort $(shell find libcommon services -name '*.def')),$(if $(or $(wildcard $(d:.def=)/.),$(findstring venues.def,$(d))),$(d)))
registry_dir = $(if $(findstring venues.def,$(1)),$(dir $(1)),$(patsubst %.def,%,$(1)))
define registry_rule
$(OUT)/registry/$(1).ok: $(1) FORCE
	@mkdir -p $$(@D); libcommon/build/check_registry.sh $(1) $(call registry_dir,$(1)) && { [ -e $$@ ] || touch $$@; }
endef
$(foreach d,$(REGISTRY_DEFS),$(eval $(call registry_rule,$(d))))
registries_of = $(foreach d,$(REGISTRY_DEFS),$(if $(filter $(1)/%,$(d)),$(OUT)/registry/$(d).ok))

# The version in the binary is that of the tree it was built from.
$(OUT)/version.txt: FORCE
	@mkdir -p $(@D); echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
$(OUT)/obj/libcommon/rt/version.o: $(OUT)/version.txt

# ---- archives: rebuilt from scratch when the list of their files changes ----
define archive_rule
$(1)_OBJS := $(call objs,$(3))
$(2).list: FORCE
	@mkdir -p $$(@D); echo '$$($(1)_OBJS)' | cmp -s - $$@ || echo '$$($(1)_OBJS)' > $$@
$(2): $$($(1)_OBJS) $(4) $(2).list | $(5)
	@rm -f $$@; ar rcsD $$@ $$($(1)_OBJS) $(4)
-include $$($(1)_OBJS:.o=.d)
endef
$(foreach m,$(PURE_MODULES) wire testing,$(eval $(call archive_rule,lib_$(m),$(call lib,$(m)),$(call find_c,libcommon/$(m)),,$(call registries_of,libcommon/$(m)))))
$(eval $(call archive_rule,lib_rt,$(call lib,rt),$(call find_c,libcommon/rt),$(OUT)/gen/rt_migrations.o,))
$(foreach s,$(CORES),$(eval $(call archive_rule,core_$(s),$(call core,$(s)),$(call find_c,services/$(s)/core),,$(call registries_of,services/$(s)/core))))

PURE_LIBS := $(foreach m,$(PURE_MODULES),$(call lib,$(m)))
ALL_LIBS := $(call lib,rt) $(call lib,wire) $(PURE_LIBS)
ALL_CORES := $(foreach s,$(CORES),$(call core,$(s)))

# ---- programs: every .c of a service folder that is not in core/ ----
shell_c = $(filter-out services/$(1)/core/%,$(call find_c,services/$(1)))
bin = $(OUT)/bin/$(if $(filter cli,$(1)),cerberus,cerberus-$(1))
define program_rule
shell_$(1)_OBJS := $(call objs,$(call shell_c,$(1)))
$(call bin,$(1)): $(call registries_of,services/$(1)) $$(shell_$(1)_OBJS) $(if $(filter $(1),$(MIGRATED)),$(OUT)/gen/$(1)_migrations.o) $(if $(filter $(1),$(CORES)),$(call core,$(1))) $(ALL_LIBS)
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$(CC) $(OPT) $(LINK) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(LIBS_RT) -o $$@
-include $$(shell_$(1)_OBJS:.o=.d)
endef
$(foreach s,$(SERVICES),$(eval $(call program_rule,$(s))))
PROGRAMS := $(foreach s,$(SERVICES),$(call bin,$(s)))

# ---- the lab fills the cores' configurations by the services' own tables ----
LAB_BORROWED := services/validator/config.c services/signals/config.c services/risk/config.c services/execution/config.c \
                services/portfolio/config.c services/simulator/settings.c services/simulator/instruments.c services/simulator/lines.c
$(call bin,lab): $(call objs,$(LAB_BORROWED)) $(ALL_CORES)

# ---- the lab's shell without its main, for tests and benchmarks; a fuzzer or a test of a tool needs no process ----
LAB_SHELL := $(OUT)/libshell_lab.a
$(eval $(call archive_rule,shell_archive_lab,$(LAB_SHELL),$(filter-out services/lab/main.c,$(call shell_c,lab)) $(LAB_BORROWED),,$(call registries_of,services/lab)))

# ---- tests: one program per tests/**/test_*.c, linked with everything ----
TEST_C := $(sort $(shell find tests -name 'test_*.c' -not -path '*/node_modules/*' 2>/dev/null))
TESTS := $(patsubst tests/%.c,$(OUT)/tests/%,$(TEST_C))
$(call objs,$(filter tests/contract/%,$(TEST_C))): | $(PROTO_C)
TEST_HELP_O := $(call objs,$(sort $(wildcard tests/testing/*.c)))
$(OUT)/tests/%: $(OUT)/obj/tests/%.o $(TEST_HELP_O) $(PROTO_O) $(call lib,testing) $(LAB_SHELL) $(ALL_CORES) $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(OPT) $(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka $(LIBS_RT) -o $@
-include $(patsubst $(OUT)/tests/%,$(OUT)/obj/tests/%.d,$(TESTS)) $(TEST_HELP_O:.o=.d)

# ---- tools: fuzzers and benchmarks, one program per tests/{fuzz,perf}/*.c that is not a test ----
TOOL_C := $(filter-out tests/%/test_%,$(sort $(wildcard tests/perf/*.c tests/contract/tool_*.c)))
TOOLS := $(patsubst tests/%.c,$(OUT)/tools/%,$(TOOL_C))
$(OUT)/tools/%: $(OUT)/obj/tests/%.o $(PROTO_O) $(call lib,testing) $(LAB_SHELL) $(ALL_CORES) $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(OPT) $(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_RT) -o $@
-include $(patsubst $(OUT)/tools/%,$(OUT)/obj/tests/%.d,$(TOOLS))

.PHONY: FORCE
FORCE:
