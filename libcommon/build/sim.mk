# The deterministic simulation: the services' own sources, compiled once more with small bounds and
# with what would touch the machine redirected (tests/sim/redirect.h), linked with simulated
# interfaces instead of NATS, PostgreSQL, libcurl and the loop. See tests/sim/README.md.
DST_SERVICES := signals risk execution portfolio
DST_RT := $(filter-out $(addprefix libcommon/rt/,bus.c bus_link.c pg.c pg_build.c pg_pipeline.c pg_send.c loop.c \
    http_client.c http_transfer.c ws_client.c lws_context.c server.c server_conn.c server_ws.c server_fault.c log.c metrics.c journal.c \
    migrate.c secret.c crash.c store_check.c version.c failpoint.c resolve.c provision_conf.c provision_streams.c \
    $(notdir $(wildcard libcommon/rt/sign*.c))),$(wildcard libcommon/rt/*.c))
DST_SHELL := $(foreach s,signals risk execution portfolio,$(filter-out services/$(s)/main.c,$(call shell_c,$(s))))
DST_PURE := $(filter-out libcommon/base/assert.c,$(foreach m,$(PURE_MODULES) wire,$(call find_c,libcommon/$(m)))) \
    $(foreach s,signals risk execution portfolio simulator,$(call find_c,services/$(s)/core))
DST_OWN := $(wildcard tests/sim/*.c) $(filter-out %/test_checker.c %/tool_check.c,$(wildcard tests/sim/checker/*.c))
dst_objs = $(patsubst %.c,$(OUT)/dst/%.o,$(1))
DST_O := $(call dst_objs,$(DST_RT) $(DST_SHELL) $(DST_PURE) $(DST_OWN))
DST_MIGRATIONS := $(OUT)/gen/rt_migrations.o $(foreach s,$(DST_SERVICES),$(OUT)/gen/$(s)_migrations.o)
DST_OPT := -O2 -g
DST_BOUNDS := -DRT_HELD_MAX=128 -DRT_OUTSTANDING_MAX=256 -DRT_MARKS_MAX=128 -DRT_INBOX_MAX=512 -DRT_SUBJECTS_MAX=1024 \
    -DSIM_LEVELS_MAX=64 -DSIM_TAPE_MAX=64 -DSIM_SECONDS_MAX=16 -DSIM_CONSUMED_MAX=64 \
    -DPORTFOLIO_ENTRIES_REMEMBERED=1024 -DRISK_FILLS_REMEMBERED=1024 -DRISK_JUDGED_REMEMBERED=512
DST_FLAGS = $(CSTD) $(WARN) $(CODEGEN) $(DST_OPT) -fPIE $(INCLUDES) $(INC_RT) -I$(OUT)/gen $(DST_BOUNDS) -MMD -MP
$(call dst_objs,$(DST_RT) $(DST_SHELL)): DST_FLAGS += -include tests/sim/redirect.h
$(call dst_objs,$(DST_RT) $(DST_SHELL) $(DST_PURE)): DST_FLAGS += $(BANNED)
# A process's configuration is read once; every start after its first copies it (tests/sim/dst_start.c).
$(OUT)/dst/libcommon/rt/service.o $(OUT)/dst/libcommon/rt/service_start.o: \
    DST_FLAGS += $(foreach f,load hash print,-Dcb_config_set_$(f)=dst_config_set_$(f))
# The flag page is one in memory; what a level allows is decided by the real code.
$(OUT)/dst/libcommon/rt/killpage.o: DST_FLAGS += $(foreach f,open close look make raise lower,-Dcb_killpage_$(f)=dst_unused_page_$(f))
$(OUT)/dst/services/execution/page.o: DST_FLAGS += -DLOOK_PERIOD_NS=200000000

$(OUT)/dst/%.o: %.c libcommon/build/flags.mk libcommon/build/sim.mk
	@mkdir -p $(@D)
	@echo "  SIM  $<"
	@$(CC) $(DST_FLAGS) -c $< -o $@
$(OUT)/tools/sim/tool_sim: $(DST_O) $(DST_MIGRATIONS)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(DST_OPT) $(LINK) $^ -ljansson -lsodium -lcrypto -lzstd -lz -lm -o $@
CHECKER_O := $(call dst_objs,$(filter-out %/test_checker.c,$(wildcard tests/sim/checker/*.c)))
$(OUT)/tools/sim/tool_check: $(CHECKER_O)
	@mkdir -p $(@D)
	@$(CC) $(DST_OPT) $(LINK) $^ -ljansson -o $@
-include $(DST_O:.o=.d)

MUTANT_SEEDS ?= 20000
.PHONY: mutants
mutants: $(OUT)/tools/sim/tool_sim ## mistakes put into the protocol, and the schedule that catches each (MUTANTS="name name")
	@echo '$(DST_O) $(DST_MIGRATIONS)' > $(OUT)/dst/objects.txt
	@tests/sim/mutants.pl $(OUT) $(CC) '$(CSTD) $(CODEGEN) $(DST_OPT) -fPIE $(INCLUDES) $(INC_RT) -I$(OUT)/gen $(DST_BOUNDS)' \
	  '$(DST_OPT) $(LINK) -ljansson -lsodium -lcrypto -lzstd -lz -lm' '$(MUTANT_SEEDS)' '$(MUTANTS)'

