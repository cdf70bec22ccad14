#!/bin/bash
# The check of the wire contract refuses what would break a reader and lets additions pass.
cd "$(dirname "$0")/../.."
. tests/tap.sh
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

fresh() { rm -rf "$copy/proto"; cp -r proto "$copy/proto"; }
checks() { PROTO_DIR=$copy/proto libcommon/build/check_proto.sh "$@" >"$copy/out" 2>&1; }
edit() { sed -i "$2" "$copy/proto/cerberus/v1/$1"; }

fresh
check "the contract as it is passes" checks
edit decision.proto 's/sfixed64 qty_e8 = 13;/sfixed64 qty_e8 = 33;/'
refute "a changed number is refused" checks
check "and named" grep -q 'Intent.13 qty_e8' "$copy/out"
fresh
edit market.proto 's/sfixed64 price_e8 = 5;/int64 price_e8 = 5;/'
refute "a changed type is refused" checks
fresh
edit order.proto 's/string symbol = 4;/string pair = 4;/'
refute "a changed name is refused" checks
fresh
edit order.proto '/ORDER_STATE_UNKNOWN = 4;/d'
refute "a removed enum value is refused" checks
refute "and an update does not hide it" checks --update
fresh
edit market.proto 's/repeated Level bids = 5;/Level bids = 5;/'
refute "a list that became one item is refused" checks
fresh
rm "$copy/proto/cerberus/v1/order.proto"
refute "a removed file is refused" checks
fresh
edit market.proto 's/^message Trade {/message Trade {\n  string note = 99;/'
check "a new field passes" checks
check "and is told to be unprotected" grep -q 'Trade.99 note' "$copy/out"
check "until the snapshot is refreshed" checks --update
check "and then nothing is said" test ! -s <(checks; cat "$copy/out")
edit market.proto 's/string note = 99;/string remark = 99;/'
refute "from then on it is protected too" checks
fresh
edit market.proto 's/^message Trade {/message Trade { message Inner { }/'
refute "a form that the check cannot read is refused" checks
finish
