#!/bin/bash
# A strategy written as a file of rules trades in a running system: it is taken at the start, replaced when the
# file changes, kept when the new text is wrong, and goes on with its version after kill -9.
cd "$(dirname "$0")/../.."
. tests/e2e/stack.sh
RULES=$STACK/first.rules
rules() { # the entry's condition
    printf 'strategy e2e\ntimeframe 1m\nentry long: %s\nexit long: close < close[1]\nstop: 0.01 * close\ntake profit: 0.02 * close\nconfidence: 0.9\n' "$1"
}
rules 'close > close[1]' >"$RULES"
export SPEED=${SPEED:-30} AGENTS=3 EXTRA_SIGNALS="strategies = rules@1m:1
rules.files = $RULES
validate.warmup_factor = 1"

versions() { "$CERBERUS" strategy versions -o json | jq -r '[.rows[] | select(.is_running)][0].version'; }
is_version() { [ "$(versions)" = "$1" ]; }
log_has() { grep -q "$1" "$CERBERUS_RUN_DIR/log/signals.log"; }
entered() { "$CERBERUS" signals --limit 50 -o json | jq -e '[.rows[] | select(.strategy == "rules" and .status == "decided")] | length > 0' >/dev/null; }

good() { "$CERBERUS" strategy check "$RULES" >/dev/null; }
check "the file is in order" good
check "make up returns when all is healthy" stack_up
check "version 1 runs" wait_until 20 is_version 1
check "it leads to intents" wait_until 60 entered
rules 'close > open and close > close[1]' >"$RULES.new" && mv "$RULES.new" "$RULES"
check "a changed file is version 2, without a signal" wait_until 20 is_version 2
rules 'clse > open' >"$RULES.new" && mv "$RULES.new" "$RULES"
check "a wrong text is refused with its place" wait_until 20 log_has "first.rules:3:13: unknown name 'clse'"
check "and version 2 goes on" is_version 2
pid=$(service_pid signals)
check "signals is killed" kill_service signals
back() { local now && now=$(service_pid signals) && [ "$now" != "$pid" ] && all_healthy; }
check "it is back" wait_until 30 back
check "with version 2, although the file is wrong" is_version 2
rules 'close > open' >"$RULES.new" && mv "$RULES.new" "$RULES"
kill -HUP "$(service_pid signals)"
check "the mended file is version 3" wait_until 20 is_version 3
check "the auditor finds no difference" wait_until 20 "$CERBERUS" audit
check "make stop ends" stack_stop
[ "$TAP_BAD" -eq 0 ] || stack_logs
finish
