# Helpers for tests of bad input (sourced after tests/tap.sh). A refusal must end with the expected exit code, in
# time, without a crash, and its text must say what is wrong and where.

# refuses NAME EXIT-CODE[|CODE] PATTERN… -- COMMAND… : one test; every pattern (grep -E) must stand in what it printed
refuses() {
    local name=$1 wanted=$2 patterns=() pattern status
    shift 2
    while [ "$1" != -- ]; do patterns+=("$1"); shift; done
    shift
    timeout -k 2 "${LIMIT:-20}" "$@" >"$WORK/said" 2>&1 </dev/null
    status=$?
    if [[ "|$wanted|" != *"|$status|"* ]]; then
        not_ok "$name"
        echo "# exit code $status instead of $wanted"
        sed 's/^/#   /' "$WORK/said" | tail -5
        return
    fi
    for pattern in "${patterns[@]}" ; do
        if ! grep -qE -- "$pattern" "$WORK/said"; then
            not_ok "$name"
            echo "# nothing matches: $pattern"
            sed 's/^/#   /' "$WORK/said" | tail -5
            return
        fi
    done
    if grep -qE 'fatal_signal|AddressSanitizer|Assertion' "$WORK/said"; then
        not_ok "$name: it crashed"
        return
    fi
    ok "$name"
}
said() { grep -qE -- "$1" "$WORK/said"; }

# signed METHOD PATH QUERY : a request to the exchange at $MARKET with the key and secret of $WORK
signed() {
    local query="$3&timestamp=$(($(date +%s%N) / 1000000))" signature
    signature=$(printf '%s' "$query" | openssl dgst -sha256 -hmac "$(cat "$WORK/secret")" | sed 's/.*= //')
    curl -sS --max-time 3 -X "$1" -H "X-MBX-APIKEY: $(cat "$WORK/key")" "http://127.0.0.1:$MARKET$2?$query&signature=$signature"
}

random_file() { (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$1"); }

free_port() {
    local port
    for port in $(shuf -i 32100-39900 -n 50); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}
