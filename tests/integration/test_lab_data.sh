#!/bin/bash
# `cerberus data` from outside: the page's commands, downloads that are killed and go on, archives that lie,
# a disk that is full, files that are none.
cd "$(dirname "$0")/../.."
. tests/tap.sh

BIN=${CERBERUS_BIN_DIR:-$PWD/bin}
CERBERUS=$BIN/cerberus
WORK=$(mktemp -d /tmp/cerberus-data-XXXXXX)
export CERBERUS_CACHE_DIR=$WORK/caches
PIDS=()
end() {
    for pid in "${PIDS[@]}"; do kill -TERM "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
    [ "${KEEP:-}" = 1 ] || rm -rf "$WORK"
}
trap end EXIT
# code WANTED COMMAND… : the exit code and, in $WORK/err, what was said
code() { local wanted=$1 got; shift; "$@" >"$WORK/out" 2>"$WORK/err"; got=$?; [ "$got" -eq "$wanted" ] || { sed 's/^/# /' "$WORK/err"; echo "# exit $got"; return 1; }; }
says() { grep -qF -- "$1" "$WORK/err"; }

# ---- the page ----
mkdir "$WORK/page"
zcat tests/fixtures/candles_BTCUSDT_1m.csv.gz >"$WORK/page/BTCUSDT-1m.csv"
page_commands() { sed -n '/^```sh$/,/^```$/p' docs/howto/data.md | grep '^cerberus data' | grep -vE 'download|postgresql'; }
while read -r line; do
    check "docs/howto/data.md: $line" code 0 bash -c "cd '$WORK/page' && PATH='$BIN':\$PATH && $line"
done < <(page_commands)
check "the page has commands" [ "$(page_commands | wc -l)" -ge 5 ]

# ---- output ----
check "JSON is JSON" bash -c "'$CERBERUS' data inspect '$WORK/page/BTCUSDT-1m.csv' -o json | jq -e '.rows == 1440 and .symbol == \"BTCUSDT\"' >/dev/null"
check "rows come out as they went in" cmp -s \
    <("$CERBERUS" data inspect "$WORK/page/BTCUSDT-1m.csv" --rows 100000 | cut -d, -f1-6 | sed 1d | sed -E 's/(\.[0-9]*[1-9])0+(,|$)/\1\2/g; s/\.0+(,|$)/\1/g') \
    <(sed 1d "$WORK/page/BTCUSDT-1m.csv" | sed -E ':a s/(\.[0-9]*[1-9])0+(,|$)/\1\2/; ta; s/\.0+(,|$)/\1/g; s/\.0+(,|$)/\1/g')
check "24 hours of 1440 minutes" [ "$("$CERBERUS" data inspect "$WORK/page/BTCUSDT-1m.csv" --rows 99 --as 1h | wc -l)" -eq 25 ]
check "no verb is a usage error" code 2 "$CERBERUS" data
check "an unknown verb too" code 2 "$CERBERUS" data burn
check "and an unknown option" code 2 "$CERBERUS" data list --colour
check "a file that is not there" code 3 "$CERBERUS" data import "$WORK/none.csv"
check "a full stdout is a failure" bash -c "'$CERBERUS' data list >/dev/full 2>/dev/null; [ \$? -eq 1 ]"
head -c 100000 /dev/urandom >"$WORK/BTCUSDT-noise.csv"
check "binary garbage is refused" code 5 "$CERBERUS" data import "$WORK/BTCUSDT-noise.csv"
printf '\033[31mtime,open\n' >"$WORK/BTCUSDT-escape.csv"
check "escapes of a file do not reach the terminal" code 5 "$CERBERUS" data import "$WORK/BTCUSDT-escape.csv"
refute "…" grep -q $'\033' "$WORK/err"

# ---- a bad row: line and reason, or force ----
sed '700s/.*/1704109080000,42000,41000,42500,42100,1/' "$WORK/page/BTCUSDT-1m.csv" >"$WORK/BTCUSDT-bad.csv"
check "a bad candle refuses the file" code 5 "$CERBERUS" data import "$WORK/BTCUSDT-bad.csv"
check "with line and reason" says "BTCUSDT-bad.csv:700: the high is below the low"
check "a good file beside it is imported (7: in part)" code 7 "$CERBERUS" data import "$WORK/BTCUSDT-bad.csv" "$WORK/page/BTCUSDT-1m.csv"
check "force leaves the row out" code 0 "$CERBERUS" data import "$WORK/BTCUSDT-bad.csv" --force
check "and says so" grep -q 'forced.*1 gap, 1 bad_candle' "$WORK/out"

# ---- a kill ----
for i in 04 09 02 13 06 11; do
    (exec "$CERBERUS" data import "$WORK/page/BTCUSDT-1m.csv" --rebuild >/dev/null 2>&1) &
    sleep "0.0$i"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
done
check "after kills there is a whole cache or none" code 0 "$CERBERUS" data inspect "$WORK/page/BTCUSDT-1m.csv" --verify

# ---- a full disk ----
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    mkdir "$WORK/small"
    in_small() { # SIZE COMMAND: in a file system of that size at $WORK/small
        unshare -m bash -c "mount -t tmpfs -o size=$1 none '$WORK/small' && cp '$WORK/page/BTCUSDT-1m.csv' '$WORK/small/' && $2"
    }
    full_import() { in_small 128k "'$CERBERUS' data import '$WORK/small/BTCUSDT-1m.csv' 2>&1; echo code \$?; ls -A '$WORK/small'"; }
    full_import >"$WORK/full"
    check "an import on a full disk says what it needs" grep -q 'is full: the cache needs 0.[0-9] MiB, 0 MiB are free; nothing was written' "$WORK/full"
    check "fails" grep -q '^code 1$' "$WORK/full"
    check "and leaves nothing behind" [ "$(sed '1,/^code/d' "$WORK/full")" = BTCUSDT-1m.csv ]
else
    skip "an import on a full disk" "no right to mount"
fi

# ---- a venue ----
python3 - "$WORK" <<'PY'
import datetime, hashlib, os, random, sys, zipfile
work = sys.argv[1]
random.seed(7)
start = 1704067200000  # 2024-01-01
rows = []
for i in range(60 * 24 * 33):  # January and two days
    if 3000 <= i < 3100:
        continue  # an outage
    p = 40000 + random.randrange(100000) / 100
    t = start + i * 60000
    rows.append(f"{t},{p:.2f},{p + 5:.2f},{p - 5:.2f},{p + 1:.2f},{random.randrange(1, 10**6) / 1000:.5f},{t + 59999},"
                f"{random.randrange(1, 10**9) / 100:.8f},{random.randrange(1, 999)},1.50000,2.50000000,0")
open(f"{work}/venue.csv", "w").write("\n".join(rows) + "\n")
def archive(kind, period, chosen, micro=False):
    folder = f"{work}/archive/data/spot/{kind}/klines/BTCUSDT/1m"
    os.makedirs(folder, exist_ok=True)
    name = f"BTCUSDT-1m-{period}"
    text = "\n".join(chosen) + "\n"
    with zipfile.ZipFile(f"{folder}/{name}.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("../../" + name + ".csv", text)
    data = open(f"{folder}/{name}.zip", "rb").read()
    open(f"{folder}/{name}.zip.CHECKSUM", "w").write(hashlib.sha256(data).hexdigest() + f"  {name}.zip\n")
day = 86400000
archive("monthly", "2024-01", [r for r in rows if int(r.split(",")[0]) < start + 31 * day])
for d in range(33):
    date = (datetime.date(2024, 1, 1) + datetime.timedelta(d)).isoformat()
    archive("daily", date, [r for r in rows if start + d * day <= int(r.split(",")[0]) < start + (d + 1) * day])
PY
coproc VENUE { exec python3 tests/integration/lab_venue.py "$WORK/venue.csv" "$WORK/archive"; }
PIDS+=("$VENUE_PID")
read -r PORT <&"${VENUE[0]}"
URL=http://127.0.0.1:$PORT
get() { "$CERBERUS" data download --symbol BTC/USDT --from 2024-01-01 --base-url "$URL" "$@"; }
fault() { curl -fsS "$URL/control?fault=$1" >/dev/null; }
sed '$d' "$WORK/venue.csv" >"$WORK/closed.csv" # the last candle is still open at the venue

check "candles by REST" code 0 get --out "$WORK/rest.csv"
check "every closed one, as the venue has it" cmp "$WORK/rest.csv" "$WORK/closed.csv"
check "again: nothing is added" code 0 get --out "$WORK/rest.csv" -o csv
check "…" grep -q '^BTCUSDT,candles,0,' "$WORK/out"
head -c 1000000 "$WORK/closed.csv" >"$WORK/cut.csv"
check "a half written last row is made good" code 0 get --out "$WORK/cut.csv"
check "…" cmp "$WORK/cut.csv" "$WORK/closed.csv"

for kind in limit error cut; do fault "$kind"; done
check "rate limit, errors and cut answers are waited out" code 0 get --out "$WORK/faults.csv"
check "without a loss" cmp "$WORK/faults.csv" "$WORK/closed.csv"
check "and the wait is told" says "waiting 1 s: over the rate limit"

# kill -9 at any moment; the last one is let through
killed_download() { # FILE OPTION…
    local file=$1 i pid
    shift
    for i in 12 40 25 61 33 18 52 70 29 45; do
        (exec "$CERBERUS" data download --symbol BTCUSDT --from 2024-01-01 --base-url "$URL" --out "$file" "$@" >/dev/null 2>&1) &
        pid=$!
        sleep "0.0$i"
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}
killed_download "$WORK/killed.csv"
check "after ten kills the next one finishes" code 0 get --out "$WORK/killed.csv"
check "no gap, nothing twice" cmp "$WORK/killed.csv" "$WORK/closed.csv"

check "aggregate trades" code 0 get --kind trades --out "$WORK/trades_BTCUSDT.csv" --to 2024-02-01
check "44540 of them" [ "$(wc -l <"$WORK/trades_BTCUSDT.csv")" -eq 44540 ]
check "without a hole in their ids" [ "$("$CERBERUS" data import "$WORK/trades_BTCUSDT.csv" -o json | jq -r '.rows[0].findings')" = "" ]
check "an unknown symbol" code 1 "$CERBERUS" data download --symbol XX --from 2024-01-01 --base-url "$URL" --out "$WORK/x.csv"
check "is told in the venue's words" says "Invalid symbol."
check "earlier rows need another file" code 5 "$CERBERUS" data download --symbol BTCUSDT --from 2023-01-01 --base-url "$URL" --out "$WORK/rest.csv"
check "…" says "rows are only added behind"
(flock 9; code 5 get --out "$WORK/rest.csv") 9<"$WORK/rest.csv" && ok "one download a file" || not_ok "one download a file"

archive() { get --source archive --to 2024-02-03 "$@"; }
check "the archive, a month and two days" code 0 archive --out "$WORK/archive.csv"
check "as the venue has it" cmp "$WORK/archive.csv" "$WORK/venue.csv"
head -n 20000 "$WORK/venue.csv" | head -c 1500000 >"$WORK/half.csv"
check "goes on within a month by days" code 0 archive --out "$WORK/half.csv"
check "…" cmp "$WORK/half.csv" "$WORK/venue.csv"
killed_download "$WORK/killed2.csv" --source archive --to 2024-02-03
check "after kills it goes on too" code 0 archive --out "$WORK/killed2.csv"
check "…" cmp "$WORK/killed2.csv" "$WORK/venue.csv"
DAILY=$WORK/archive/data/spot/daily/klines/BTCUSDT/1m
check "a zip of the archive can be imported as it is" code 0 "$CERBERUS" data import "$DAILY/BTCUSDT-1m-2024-01-03.zip"
check "its hole is found" grep -q '1 gap (100)' "$WORK/out"
truncate -s -30 "$DAILY/BTCUSDT-1m-2024-02-01.zip"
check "a zip that is not what its checksum says is refused" code 5 archive --out "$WORK/lied.csv"
check "…" says "BTCUSDT-1m-2024-02-01.zip is not what its checksum says"
check "what came before it is whole" [ "$(wc -l <"$WORK/lied.csv")" -eq 44540 ]
truncate -s 20000 "$DAILY/BTCUSDT-1m-2024-02-01.zip"
check "cut zips are refused by import too" code 5 "$CERBERUS" data import "$DAILY/BTCUSDT-1m-2024-02-01.zip"
check "…" says "ends too early: the file is cut"
rm "$DAILY/BTCUSDT-1m-2024-02-01.zip"
check "a day that the archive lacks is told (7: in part)" code 7 archive --out "$WORK/lied.csv"
check "…" says "the archive has no 2024-02-01"

# ---- the simulator is such a venue ----
for name in key secret token; do (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$WORK/$name"); done
"$BIN/cerberus-simulator" --nats.url= --market.port=0 --api.key="$WORK/key" --api.secret="$WORK/secret" \
    --admin.token="$WORK/token" --limits.weight=1000000 --replay.start=now --speed=100000 \
    --replay=tests/fixtures/candles_BTCUSDT_1m.csv.gz 2>"$WORK/simulator.log" &
PIDS+=("$!")
for _ in $(seq 100); do
    PORT=$(sed -n 's/.*event=market_listening.* port=\([0-9]*\).*/\1/p' "$WORK/simulator.log")
    [ -z "$PORT" ] || [ "$(curl -fsS "http://127.0.0.1:$PORT/sim/status" 2>/dev/null | jq .finished)" != true ] || break
    sleep 0.1
done
check "the simulator's candles" code 0 "$CERBERUS" data download --symbol BTCUSDT --from 2024-01-01 --base-url "http://127.0.0.1:$PORT" --out "$WORK/BTCUSDT-sim.csv"
plain() { sed -E ':a s/(\.[0-9]*[1-9])0+(,|$)/\1\2/; ta; s/\.0+(,|$)/\1/g; s/\.0+(,|$)/\1/g'; }
check "are those that were recorded" cmp <(cut -d, -f1-6 "$WORK/BTCUSDT-sim.csv" | plain) <(sed 1d "$WORK/page/BTCUSDT-1m.csv" | cut -d, -f1-6 | plain)
finish
