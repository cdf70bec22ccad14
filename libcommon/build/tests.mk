# Tests, benchmarks, fuzzers. `make test` is the whole of it; the others are its longer parts.
SEED ?= 1
RUNS ?=
DIR ?= ../shared/exchanges/vectors

UNIT_TESTS = $(filter $(OUT)/tests/unit/% $(OUT)/tests/contract/% $(OUT)/tests/sim/% $(OUT)/tests/replay/%,$(TESTS))
INTEGRATION_TESTS = $(filter $(OUT)/tests/integration/%,$(TESTS))
SCRIPT_TESTS = $(sort $(wildcard tests/integration/test_*.sh tests/e2e/test_*.sh))
FUZZERS = $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FAST_CHECKS = $(patsubst %,check:%,$(CHECKS))

.PHONY: test
test: deps-test ## everything: unit, contract, checks, integration, end to end; ends with "N passed, N failed"
	@$(MAKE) --no-print-directory -j$$(nproc) programs test_programs
	@tests/run.sh $(UNIT_TESTS) $(FAST_CHECKS) $(INTEGRATION_TESTS) $(SCRIPT_TESTS)

.PHONY: test_programs
test_programs: $(TESTS) $(TOOLS) $(FUZZERS) $(OUT)/tools/sim/tool_sim

.PHONY: unit
unit: ## the unit tests of one area: make unit AREA=base
	@$(MAKE) --no-print-directory -j$$(nproc) $(filter $(OUT)/tests/unit/$(AREA)%,$(TESTS))
	@tests/run.sh $(filter $(OUT)/tests/unit/$(AREA)%,$(TESTS))

.PHONY: itest
itest: deps-test ## integration and end-to-end tests only
	@$(MAKE) --no-print-directory -j$$(nproc) programs $(INTEGRATION_TESTS) $(TOOLS) $(FUZZERS) $(OUT)/tools/sim/tool_sim
	@tests/run.sh $(INTEGRATION_TESTS) $(SCRIPT_TESTS)

.PHONY: docs
docs: deps-test ## write the pages and tables that come from registries anew
	@$(MAKE) --no-print-directory -j$$(nproc) $(OUT)/tests/unit/ind/test_docs $(OUT)/tests/unit/signals/test_docs
	@CB_DOCS_WRITE=1 $(OUT)/tests/unit/ind/test_docs >/dev/null
	@CB_DOCS_WRITE=1 $(OUT)/tests/unit/signals/test_docs >/dev/null

.PHONY: san
san: deps-test ## unit and contract tests under ASan+UBSan, then under TSan
	@$(MAKE) --no-print-directory -j$$(nproc) SAN=address san_tests
	@$(MAKE) --no-print-directory -j$$(nproc) SAN=thread san_tests
.PHONY: san_tests
san_tests: $(UNIT_TESTS)
	@tests/run.sh $(UNIT_TESTS)

BENCH_TOOLS = $(OUT)/tools/perf/bench_bare $(OUT)/tools/perf/bench_chain $(OUT)/tools/perf/import_bench \
              $(OUT)/tools/perf/lab_bench $(OUT)/tools/perf/sampler_bench
.PHONY: bench
bench: deps-test ## latency, throughput and memory beside a baseline (-o json with OUTPUT=json)
	@$(MAKE) --no-print-directory -j$$(nproc) programs $(BENCH_TOOLS) >&2
	@BENCH_TOOLS=$(OUT)/tools/perf tests/perf/bench.sh $(if $(OUTPUT),-o $(OUTPUT))
	@$(if $(OUTPUT),,tests/perf/bench_kill.sh && tests/perf/bench_ready.sh && $(OUT)/tools/perf/import_bench && \
	  $(OUT)/tools/perf/lab_bench && SAMPLER_BENCH=$(OUT)/tools/perf/sampler_bench tests/perf/sampler_bench.sh && \
	  tests/perf/bench_orders.sh)

MODEL_TESTS = $(patsubst %,$(OUT)/tests/unit/%,execution/test_chaos risk/test_random portfolio/test_random simulator/test_property)
SIM := $(OUT)/tools/sim/tool_sim
SIM_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
.PHONY: sim sim_tools models
sim: ## the whole order path against a seeded world of faults: make sim SEED=1 RUNS=100000
	@$(MAKE) --no-print-directory -j$$(nproc) sim_tools
	@SIM_COMMIT=$(SIM_COMMIT) $(SIM) --seed=$(SEED) --runs=$(or $(RUNS),2000)
sim_tools: $(SIM)
models: ## random orders, risk, books and matching against models: make models SEED=1 RUNS=10000
	@$(MAKE) --no-print-directory -j$$(nproc) $(MODEL_TESTS)
	@SIM_SEED=$(SEED) SIM_RUNS=$(RUNS) TEST_TIMEOUT=36000 tests/run.sh $(MODEL_TESTS)

.PHONY: sweep
sweep: deps-test ## each allocation, call and fault of the order path fails alone: make sweep SEED=1 RUNS=4
	@$(MAKE) --no-print-directory -j$$(nproc) sim_tools $(OUT)/tests/integration/test_failing_calls $(OUT)/tests/integration/test_failing_claim
	@SIM_COMMIT=$(SIM_COMMIT) $(SIM) --sweep=alloc --seed=$(SEED) --runs=$(or $(RUNS),4)
	@SIM_COMMIT=$(SIM_COMMIT) $(SIM) --sweep=fault --seed=$(SEED) --runs=$(or $(RUNS),4)
	@FAILING_STEP=1 TEST_TIMEOUT=3600 tests/run.sh $(OUT)/tests/integration/test_failing_calls $(OUT)/tests/integration/test_failing_claim

KILLS ?= 2000
.PHONY: chaos
chaos: deps-test ## kill, stop, cut and tear the running system, then check it: make chaos KILLS=2000 CHAOS_SEED=1
	@$(MAKE) --no-print-directory -j$$(nproc) programs
	@python3 tests/chaos/chaos.py $(KILLS)

.PHONY: faults
faults: ## docs/faults.md: each fault case with its tests and their last result (run `make test` before)
	@mkdir -p build && tests/faults.sh >build/faults.md && mv build/faults.md docs/faults.md && sed -n '/^Results/p; /all\*\*/p' docs/faults.md

.PHONY: metrics-doc
metrics-doc: ## docs/metrics.md from libcommon/stats/metrics.def
	@$(MAKE) --no-print-directory $(OUT)/tests/unit/stats/test_metrics_doc
	@CB_DOCS_WRITE=1 $(OUT)/tests/unit/stats/test_metrics_doc >/dev/null && echo docs/metrics.md

.PHONY: race permits
race: ## 64 strategies race for the last unit of a limit: make race RUNS=1000000 SEED=1
	@$(MAKE) --no-print-directory -j$$(nproc) $(OUT)/tests/unit/risk/test_race
	@SIM_SEED=$(SEED) RACE_INTENTS=$(or $(RUNS),1000000) $(OUT)/tests/unit/risk/test_race
permits: ## replayed, altered and expired permits: make permits RUNS=1000000 SEED=1
	@$(MAKE) --no-print-directory -j$$(nproc) $(OUT)/tests/unit/execution/test_permit_fuzz
	@SIM_SEED=$(SEED) PERMIT_CASES=$(or $(RUNS),1000000) $(OUT)/tests/unit/execution/test_permit_fuzz

.PHONY: vectors
vectors: ## the exchanges' conformance vectors: make vectors DIR=…
	@$(MAKE) --no-print-directory -j$$(nproc) $(OUT)/tools/contract/tool_vectors
	@$(OUT)/tools/contract/tool_vectors $(DIR)

# Everything that a fuzzer may need, compiled once with the sanitizers; each links what it uses.
FUZZ_S ?= $(or $(SECS),60)
FUZZ_SAN := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_C := $(foreach m,base domain ind venue expr wire,$(call find_c,libcommon/$(m))) $(call find_c,services/simulator/core) \
    $(addprefix libcommon/rt/,config.c config_value.c http_parse.c form.c secret.c log.c loop.c) \
    $(addprefix services/simulator/,lines.c source.c source_play.c) services/risk/core/book.c services/lab/core/derive.c \
    $(addprefix services/lab/data/,capture.c capture_message.c capture_venues.c check.c csv.c csv_time.c layout.c place.c reader.c sha.c table.c)
FUZZ_O := $(patsubst %.c,$(OUT)/fuzz/obj/%.o,$(FUZZ_C))
$(OUT)/fuzz/obj/%.o: %.c libcommon/build/flags.mk libcommon/build/tests.mk
	@mkdir -p $(@D)
	@echo "  FUZZ $<"
	@clang $(CSTD) $(CODEGEN) $(FUZZ_SAN) $(INCLUDES) $(INC_RT) -MMD -MP -c $< -o $@
$(OUT)/fuzz/libfuzzed.a: $(FUZZ_O)
	@rm -f $@
	@ar rcs $@ $^
$(OUT)/fuzz/%: tests/fuzz/%.c $(OUT)/fuzz/libfuzzed.a
	@echo "  LINK $@"
	@clang $(CSTD) $(CODEGEN) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(INCLUDES) \
	  -MMD -MP -MF $@.d $< $(OUT)/fuzz/libfuzzed.a -ljansson -lsodium -lcrypto -lzstd -lz -lm -lpthread -o $@
-include $(FUZZ_O:.o=.d) $(FUZZERS:=.d)
.PHONY: fuzz fuzzers corpus
fuzzers: $(FUZZERS)
fuzz: deps-test ## every fuzzer from its kept corpus on: make fuzz SECS=60 FUZZERS_ONLY="fuzz_ws fuzz_http"
	@$(MAKE) --no-print-directory -j$$(nproc) fuzzers
	@tests/fuzz/run.sh $(OUT)/fuzz -max_total_time=$(FUZZ_S) -seed=$(SEED) -- $(FUZZERS_ONLY)
corpus: ## keeps what the fuzzers have found since: the smallest set that reaches as much, in tests/fuzz/corpus
	@$(MAKE) --no-print-directory -j$$(nproc) fuzzers
	@tests/fuzz/run.sh $(OUT)/fuzz --keep -- $(FUZZERS_ONLY)
