#!/bin/bash
# The parts of `make check` refuse what they are there for and name the place: one breach of each kind is put
# into a copy of the tree. Compiled parts see only the breach's own file, so that this stays quick; that they
# see every file of the tree is `make check` itself.
cd "$(dirname "$0")/../.."
. tests/tap.sh
copy=$(mktemp -d)
said=$copy.out
trap 'rm -rf "$copy" "$said"' EXIT
git ls-files -co --exclude-standard | grep -v '^tests/' | tar -cf - -T - 2>/dev/null | tar -xf - -C "$copy"
git -C "$copy" init -q && git -C "$copy" add -A

breach=services/breach/core/breach.c # a core of its own: found by the rules without being listed
object='ALL_CORES=$(OUT)/obj/'${breach%.c}.o
archive='PURE_ARCHIVES=$(OUT)/libcore_breach.a'

write() { mkdir -p "$copy/$(dirname "$1")" && cat >"$copy/$1" && git -C "$copy" add -f "$1"; }
remove() { git -C "$copy" rm -qf "$1"; }
runs() { make --no-print-directory -C "$copy" "$@" >"$said" 2>&1; }
says() { grep -qE -- "$1" "$said"; }
refuses() { # what, what the message must name, make's arguments
    local what=$1 named=$2
    shift 2
    refute "$1 refuses $what" runs "$@"
    check "and names it: $named" says "$named"
}

write $breach <<'C'
int cb_breach(int value);

int cb_breach(int value)
{
    return value + 1;
}
C
check "check-format accepts what is well" runs check-format
check "check-size accepts what is well" runs check-size
check "check-includes accepts what is well" runs check-includes
check "check-secrets accepts what is well" runs check-secrets
check "check-proto accepts what is well" runs check-proto
check "check-shell accepts what is well" runs check-shell
check "check-compilers accepts what is well" runs check-compilers PROGRAMS= "$object"
check "check-purity accepts what is well" runs check-purity "$archive"
check "check-tidy accepts what is well" runs check-tidy "TIDY_C=$breach"
check "a new core is among what is proven pure" grep -q 'libcore_breach\.a' \
    <(make -C "$copy" -n check-purity 2>/dev/null | grep check_purity.sh)

write $breach <<'C'
int cb_breach(const char *text);

int cb_breach(const char *text)
{
    return atoi(text);
}
C
refuses "a banned function" "$breach:5:.*poisoned" check-compilers PROGRAMS= "$object"
refuses "a banned function under clang" "$breach:5:.*poisoned" programs_only CC=clang PROGRAMS= "$object"

write $breach <<'C'
int cb_breach(int value);

int cb_breach(int value)
{
  return value+1;
}
C
refuses "another format" "$breach:4" check-format

write $breach <<'C'
void *cb_breach(size_t size);

void *cb_breach(size_t size)
{
    return malloc(size);
}
C
refuses "malloc in a core" 'libcore_breach\.a\(breach\.o\) uses malloc' check-purity "$archive"

write $breach <<'C'
int cb_breach(int value);

int cb_breach(int value)
{
    static int sum;
    sum += value;
    return sum;
}
C
refuses "a mutable static in a core" 'breach\.o.* bytes in \.bss' check-purity "$archive"

write $breach <<'C'
double cb_breach(int part, int whole);

double cb_breach(int part, int whole)
{
    return part / whole;
}
C
refuses "a quotient that lost its fraction" "$breach:5:.*bugprone-integer-division" check-tidy "TIDY_C=$breach"

write $breach <<'C'
#include "rt/service.h"
C
refuses "a core that includes the runtime" "may not include rt.*: $breach:1:" check-includes
write $breach <<'C'
#include "services/risk/core/core.h"
C
refuses "the header of another service" "breach includes risk: $breach:1:" check-includes

{
    printf 'int cb_breach(int value);\n\nint cb_breach(int value)\n{\n'
    for ((i = 0; i < 67; i++)); do echo '    value++;'; done
    printf '    return value;\n}\n'
} | write $breach
refuses "a function of 71 lines" "$breach: cb_breach has 71 lines" check-size
for ((i = 0; i < 801; i++)); do echo '/* a line */'; done | write $breach
refuses "a file of 801 lines" "$breach: 801 lines" check-size
remove $breach

# The words are put together here, so that this file is not itself a finding.
write deploy/breach.pem < <(echo "-----BEGIN RSA PRIVATE"" KEY-----")
refuses "a private key" 'deploy/breach\.pem:1:' check-secrets
remove deploy/breach.pem
write deploy/breach.conf < <(echo "api_""key = \"$(printf 'aB3%.0s' {1..14})\"")
refuses "a long random value of a secret's name" 'deploy/breach\.conf:1:' check-secrets
remove deploy/breach.conf

sed -i '/sfixed64 qty_e8 = 13;/d' "$copy/proto/cerberus/v1/decision.proto"
refuses "a removed field of a message" 'Intent\.13 qty_e8' check-proto

write deploy/breach.sh < <(printf 'if true; then\n')
refuses "a script that does not parse" 'deploy/breach\.sh: line' check-shell
finish
