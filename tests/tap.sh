# TAP lines for shell tests (sourced). `check NAME COMMAND…` is one test; `finish` sets the exit status.
TAP_COUNT=0
TAP_BAD=0
ok() { TAP_COUNT=$((TAP_COUNT + 1)); echo "ok $TAP_COUNT - $1"; }
not_ok() { TAP_COUNT=$((TAP_COUNT + 1)); TAP_BAD=$((TAP_BAD + 1)); echo "not ok $TAP_COUNT - $1"; }
skip() { TAP_COUNT=$((TAP_COUNT + 1)); echo "ok $TAP_COUNT - $1 # SKIP $2"; }
check() {
    local name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name"; fi
}
refute() {
    local name=$1
    shift
    if "$@"; then not_ok "$name"; else ok "$name"; fi
}
finish() { echo "1..$TAP_COUNT"; [ "$TAP_BAD" -eq 0 ]; exit $?; }
