#!/bin/bash
# Installs the Debian packages that are missing: `deps.sh` for building and running,
# `deps.sh test` also for the tests. Needs root or sudo only when something is missing. Servers that a
# package would start by itself (PostgreSQL, nats-server) stay off: only private ones are used.
set -euo pipefail

run_packages=(gcc libc6-dev make pkg-config git ca-certificates util-linux procps curl jq zstd
    libnats-dev libwebsockets-dev libcurl4-openssl-dev libpq-dev libprotobuf-c-dev
    protobuf-c-compiler protobuf-compiler libjansson-dev libsodium-dev libssl-dev libzstd-dev
    zlib1g-dev libyaml-dev nats-server postgresql-15 postgresql-client-15 s6 execline)
test_packages=(clang clang-tidy clang-format libclang-rt-14-dev libcmocka-dev universal-ctags
    docker-compose python3)

wanted=("${run_packages[@]}")
if [ "${1:-run}" = test ]; then
    wanted+=("${test_packages[@]}")
    command -v node >/dev/null || wanted+=(nodejs)
    command -v npm >/dev/null || wanted+=(npm)
fi

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    echo "deps: missing packages: ${missing[*]}" >&2
    echo "deps: run as root, or install sudo, or: apt-get install ${missing[*]}" >&2
    exit 69
fi

# policy-rc.d with code 101 tells dpkg scripts to start no daemon; createcluster.conf keeps
# postgresql-common from making a cluster of its own. Both are taken back afterwards if they are ours.
policy=/usr/sbin/policy-rc.d
made_policy=no
undo() {
    [ "$made_policy" = no ] || "${as_root[@]}" rm -f "$policy"
}
trap undo EXIT
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made_policy=yes
fi
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" |
        "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi

echo "deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() {
    "${as_root[@]}" apt-get -o Dpkg::Options::=--force-confold install -y --no-install-recommends \
        "${missing[@]}" >"$log" 2>&1
}
"${as_root[@]}" apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 69; }
install || { tail -20 "$log" >&2; echo "deps: apt-get failed" >&2; exit 69; }
rm -f "$log"
