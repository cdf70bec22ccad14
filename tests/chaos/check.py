#!/usr/bin/env python3
"""The checker of the order path: reads what the exchange simulator wrote down and what all schemas hold,
and says which invariant of the order path is broken first. It shares no code with what it checks.

    check.py DUMP                DUMP is a folder made by dump.py:
        journal*.jsonl           the exchange's journal: every byte and every request with its time of receipt
        venue.json               the exchange's own books at the end (/sim/audit)
        subjects.def             who publishes which stream to whom
        SCHEMA.TABLE.jsonl       rows as JSON; commit_us: when their transaction committed (wall clock)
        meta.json                {"settled": true, "faults_ended_ns": …}

Ends with 0 and "checker: … 0 violations", or 1 and one line per violation, the first of each invariant
in full. What an invariant means stands beside its function.
"""
import collections
import glob
import json
import os
import re
import sys

E8 = 100_000_000
EDGES = {  # written down from the protocol's text, not from the code
    "ready": {"sending", "not_sent"},
    "sending": {"open", "unknown", "partially_filled", "filled", "canceled", "expired", "rejected", "not_sent"},
    "unknown": {"open", "partially_filled", "filled", "canceled", "expired", "rejected", "not_sent"},
    "open": {"partially_filled", "filled", "canceled", "expired"},
    "partially_filled": {"partially_filled", "filled", "canceled", "expired"},
}
ENDS = {"filled", "canceled", "expired", "rejected", "not_sent"}
NEVER_THERE = {"not_sent", "rejected"}
VENUE_OPEN = {"NEW", "PARTIALLY_FILLED", "PENDING_NEW"}
SPELLED = {"filled": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED"}


def e8(text):
    """Exact: "12.5" to 1250000000; more than eight digits is an error."""
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d{1,8}))?", str(text))
    if match is None:
        raise ValueError("not a decimal of at most eight places: %r" % text)
    value = int(match[2]) * E8 + int((match[3] or "").ljust(8, "0") or "0")
    return -value if match[1] else value


def form(text):
    return dict(part.split("=", 1) for part in text.split("&") if "=" in part)


class Wire:
    """Order requests in the bytes that came over each connection: also those that broke off, that the exchange was
    told to drop, or that it did not understand."""

    BEGIN = re.compile(r"(?=(?:GET|POST|PUT|DELETE) /)")
    ORDER = re.compile(r"POST /api/v3/order(?:/cancelReplace)?[ ?]")
    NAME = re.compile(r"newClientOrderId=([^& ]+)(?=[& ])|newClientOrderId=([^& ]+)$")
    KEPT = 1 << 16  # of a request that goes on and on

    def __init__(self):
        self.open = {}
        self.rows = 0
        self.orders = []  # (client id or "", wall time of the first byte)

    def take(self, row):
        self.rows += 1
        if row["dir"] != "in" or not row.get("data"):  # "blanks": nothing that could be an order
            return
        text, at = self.open.pop(row["conn"], ("", row["wall_ns"]))
        parts = [part for part in self.BEGIN.split(text + row["data"]) if part]
        for index, part in enumerate(parts[:-1]):
            self.emit(part, at if index == 0 else row["wall_ns"])
        self.open[row["conn"]] = (parts[-1][:self.KEPT], at if len(parts) == 1 else row["wall_ns"])

    def emit(self, text, at):
        if self.ORDER.match(text):
            found = self.NAME.search(text)
            self.orders.append(((found[1] or found[2]) if found else "", at))

    def end(self):
        for text, at in self.open.values():
            self.emit(text, at)
        self.open = {}


class Dump:
    """What there is to look at."""

    def __init__(self, folder):
        self.folder = folder
        self.meta = self.json("meta.json", {})
        self.venue = self.json("venue.json", {"accounts": []})
        self.wire = Wire()
        self.booked = collections.Counter()  # what the journal says was traded, against what the venue says at the end
        self.posts, self.answers = self.read_journal()
        self.streams = self.read_subjects()
        self.accounts = [a for a in self.venue["accounts"] if a["name"] == self.meta.get("account", "main")]
        self.trades = [t for a in self.accounts for t in a["trades"]]
        self.venue_orders = [o for a in self.accounts for o in a["orders"]]
        self.orders = self.table("execution.orders")
        self.ours = [o for o in self.orders if not o["is_external"]]
        self.by_client = {o["client_order_id"]: o for o in self.ours}
        self.events = self.table("execution.order_event")

    def json(self, name, fallback):
        path = os.path.join(self.folder, name)
        return json.load(open(path)) if os.path.exists(path) else fallback

    def table(self, name):
        path = os.path.join(self.folder, name + ".jsonl")
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return [json.loads(line) for line in file if line.strip()]

    def read_journal(self):
        """Requests that place an order, in order of receipt, and the answers by request number."""
        posts, answers = [], {}
        for path in sorted(glob.glob(os.path.join(self.folder, "journal*.jsonl"))):
            with open(path, errors="replace") as file:
                for line in file:
                    if '"kind":"request"' in line and '"/api/v3/order"' in line and '"POST"' in line:
                        one = json.loads(line)
                        if one["method"] == "POST" and one["path"] == "/api/v3/order":
                            one["form"] = {**form(one["query"]), **form(one["body"])}
                            posts.append(one)
                    elif '"kind":"wire"' in line:
                        self.wire.take(json.loads(line))
                    elif '"kind":"trade"' in line:
                        one = json.loads(line)
                        self.booked[(one["account"], one["symbol"], int(one["trade_id"]), one["price"], one["qty"])] += 1
                    elif '"kind":"answer"' in line:
                        one = json.loads(line)
                        answers[one["number"]] = one
        self.wire.end()
        return posts, answers

    def read_subjects(self):
        path = os.path.join(self.folder, "subjects.def")
        found = {}
        if os.path.exists(path):
            row = re.compile(r'^SUBJECT\((\w+), "([^"]*)", \w+, \w+, "([^"]*)", "([^"]*)", STREAM', re.M)
            for token, _, owner, consumers in row.findall(open(path).read()):
                found[token] = (owner, consumers.split())
        return found


# ---- the invariants: each yields texts ----


def i1(dump):
    """At most one venue order per intent; no client id in two requests."""
    sent = collections.Counter(p["form"].get("newClientOrderId", "?") for p in dump.posts)
    for client_id, count in sent.items():
        if count > 1:
            yield "client id %s was posted %d times" % (client_id, count)
    for client_id, count in collections.Counter(name for name, _ in dump.wire.orders if name).items():
        if count > 1:
            yield "client id %s was on the wire %d times" % (client_id, count)
    there = collections.Counter(o["clientOrderId"] for o in dump.venue_orders)
    for client_id, count in there.items():
        if count > 1:
            yield "client id %s has %d orders at the venue" % (client_id, count)
    intents = collections.defaultdict(set)
    for order in dump.ours:
        intents[order["intent_id"]].add(order["client_order_id"])
    for intent_id, ids in intents.items():
        if len(ids) > 1:
            yield "intent %s has client ids %s" % (intent_id, sorted(ids))
    for client_id in there:
        if client_id not in dump.by_client:
            yield "the venue has an order %s that no intent explains" % client_id


def i2(dump):
    """Each order's claim had committed before the simulator received it."""
    claims = {}
    for event in dump.events:
        if event["state"] == "sending" and event["version"] == 1:
            claims[event["intent_id"]] = event.get("commit_us")
    for post in dump.posts:
        order = dump.by_client.get(post["form"].get("newClientOrderId"))
        if order is None:
            yield "request %d places %s, which no table knows" % (post["number"], post["form"].get("newClientOrderId"))
        elif order["intent_id"] not in claims:
            yield "request %d places intent %s without a claim" % (post["number"], order["intent_id"])
        elif claims[order["intent_id"]] is not None and claims[order["intent_id"]] * 1000 > post["wall_ns"]:
            yield "request %d places intent %s %d us before its claim committed" % (
                post["number"], order["intent_id"], claims[order["intent_id"]] - post["wall_ns"] // 1000)
    for client_id, wall_ns in dump.wire.orders:
        order = dump.by_client.get(client_id)
        claimed = claims.get(order["intent_id"]) if order else None
        if client_id and order is None:
            yield "%s was on the wire, which no table knows" % client_id
        elif order is not None and (order["intent_id"] not in claims or (claimed is not None and claimed * 1000 > wall_ns)):
            yield "the first byte of intent %s came before its claim committed" % order["intent_id"]
    if dump.wire.rows:
        names = {name for name, _ in dump.wire.orders}
        for client_id in {p["form"].get("newClientOrderId", "?") for p in dump.posts} - names:
            yield "%s was requested and its bytes are nowhere" % client_id


def fill_key(row):
    return (row["symbol"], int(row["trade_id"]), row["side"], row["price_e8"], row["qty_e8"], row["fee_e8"],
            row["fee_asset"] if row["fee_e8"] else "")


def trade_key(trade):
    fee = e8(trade["commission"])
    return (trade["symbol"], int(trade["id"]), "buy" if trade["isBuyer"] else "sell", e8(trade["price"]),
            e8(trade["qty"]), fee, trade["commissionAsset"] if fee else "")


def i3(dump):
    """Venue trades = execution's fills = portfolio's = risk's, exact in id, side, price, quantity and fee."""
    want = collections.Counter(trade_key(t) for t in dump.trades)
    said = collections.Counter((dump.meta.get("account", "main"), t["symbol"], int(t["id"]), t["price"], t["qty"])
                               for t in dump.trades)
    booked = collections.Counter({key: count for key, count in dump.booked.items() if key[0] == dump.meta.get("account", "main")})
    if dump.wire.rows and said != booked:
        odd = sorted((said - booked) | (booked - said))
        yield "the exchange's journal and its books differ in %d trades, first %s" % (len(odd), odd[0])
    for name in ("execution.fills", "portfolio.fill", "risk.fill"):
        have = collections.Counter()
        for row in dump.table(name):
            have[fill_key(row)] += 1
        for key in (want - have):
            yield "%s: the venue's trade %s %d is missing or differs: %s" % (name, key[0], key[1], key[2:])
        for key in (have - want):
            yield "%s: %s %d is not a trade of the venue (or one too many): %s" % (name, key[0], key[1], key[2:])


def i4(dump):
    """Venue balances = portfolio's; every entry and all sums are zero per asset."""
    for account in dump.accounts:
        want = {b["asset"]: e8(b["total"]) for b in account["balances"]}
        have = {b["asset"]: b["amount_e8"] for b in dump.table("portfolio.balance") if b["account"] == account["name"]}
        for asset in sorted(set(want) | set(have)):
            if want.get(asset, 0) != have.get(asset, 0):
                yield "%s: the venue holds %d e-8, the ledger %d e-8" % (asset, want.get(asset, 0), have.get(asset, 0))
    total = collections.Counter()
    for row in dump.table("portfolio.ledger_sum"):
        total[row["asset"]] += row["amount_e8"]
    for asset, amount in total.items():
        if amount != 0:
            yield "the ledger's sums of %s add up to %d e-8" % (asset, amount)
    for entry in dump.table("portfolio.ledger_entry"):
        sums = collections.Counter()
        for posting in entry["postings"]:
            sums[posting["asset"]] += e8(posting["amount"])
        if any(sums.values()):
            yield "entry %s does not balance: %s" % (entry["entry_id"], dict(sums))


def i5(dump):
    """Nothing open at the venue is unknown or ended here; nothing open here is closed there; ends agree."""
    if not dump.meta.get("settled"):
        return
    there = {o["clientOrderId"]: o for o in dump.venue_orders}
    for client_id, order in there.items():
        own = dump.by_client.get(client_id)
        if order["status"] in VENUE_OPEN and (own is None or own["state"] not in ("open", "partially_filled")):
            yield "%s is open at the venue and %s here" % (client_id, own["state"] if own else "not known")
    for order in dump.ours:
        venue = there.get(order["client_order_id"])
        if order["state"] in ("open", "partially_filled") and (venue is None or venue["status"] not in VENUE_OPEN):
            yield "%s is %s here and %s at the venue" % (
                order["client_order_id"], order["state"], venue["status"] if venue else "not there")
        if order["state"] in SPELLED and venue is not None:
            status = "CANCELED" if venue["status"] == "PENDING_CANCEL" else venue["status"]
            if not status.startswith(SPELLED[order["state"]]):
                yield "%s ended %s here and %s at the venue" % (order["client_order_id"], order["state"], status)
        if order["state"] in SPELLED and venue is None:
            yield "%s ended %s here and was never at the venue" % (order["client_order_id"], order["state"])
        if venue is not None and order["state"] in ENDS and order["cum_qty_e8"] != e8(venue["executedQty"]):
            yield "%s: %d e-8 executed here, %s at the venue" % (
                order["client_order_id"], order["cum_qty_e8"], venue["executedQty"])


def i6(dump):
    """After faults have stopped, nothing stays READY, SENDING or UNKNOWN beyond W + E + Lq + 20 s."""
    if dump.meta.get("settled"):
        for order in dump.ours:
            if order["state"] in ("ready", "sending", "unknown"):
                yield "intent %s is still %s (%s)" % (order["intent_id"], order["state"], order["reason"])


def i7(dump):
    """No intent that ended NOT_SENT or REJECTED ever has an order at the venue."""
    there = {o["clientOrderId"]: o for o in dump.venue_orders}
    for post in dump.posts:
        answer = dump.answers.get(post["number"])
        if answer is not None and answer["status"] == 200:
            there.setdefault(post["form"].get("newClientOrderId"), {"status": "accepted once"})
    for order in dump.ours:
        if order["state"] in NEVER_THERE and order["client_order_id"] in there:
            yield "intent %s ended %s (%s), the venue has it as %s" % (
                order["intent_id"], order["state"], order["reason"], there[order["client_order_id"]]["status"])


def i9(dump):
    """Reservations = what is left of the orders that live, order by order."""
    states = {o["intent_id"]: o for o in dump.orders}
    for row in dump.table("risk.reservation"):
        left = 0 if row["is_terminal"] else row["qty_e8"] - row["cum_qty_e8"]
        if row["remaining_e8"] != left:
            yield "reservation %s keeps %d e-8 of %d" % (row["intent_id"], row["remaining_e8"], left)
        order = states.get(row["intent_id"])
        if not dump.meta.get("settled"):
            continue
        if order is None:
            if not row["is_terminal"]:
                yield "reservation %s lives and no order does" % row["intent_id"]
        elif (order["state"] in ENDS) != row["is_terminal"]:
            yield "reservation %s is %s, its order %s" % (
                row["intent_id"], "ended" if row["is_terminal"] else "alive", order["state"])
        elif order["cum_qty_e8"] != row["cum_qty_e8"]:
            yield "reservation %s knows %d e-8 filled, its order %d" % (
                row["intent_id"], row["cum_qty_e8"], order["cum_qty_e8"])
    reserved = {r["intent_id"] for r in dump.table("risk.reservation")}
    for order in dump.orders:
        if order["state"] not in ENDS and order["intent_id"] not in reserved and dump.meta.get("settled"):
            yield "order %s is %s and nothing is reserved for it" % (order["intent_id"], order["state"])


def i10(dump):
    """Only allowed transitions; versions without gaps; filled quantity never falls nor exceeds the order's."""
    lives = collections.defaultdict(list)
    for event in dump.events:
        lives[event["intent_id"]].append(event)
    for order in dump.orders:
        events = sorted(lives.get(order["intent_id"], []), key=lambda e: (e["version"], e["state"] != "ready"))
        if not events:
            yield "order %s has no history" % order["intent_id"]
            continue
        versions = sorted({e["version"] for e in events})
        if versions != list(range(1, len(versions) + 1)) or versions[-1] != order["version"]:
            yield "order %s has versions %s, the row says %d" % (order["intent_id"], versions, order["version"])
        if not order["is_external"] and events[0]["state"] != "ready":
            yield "order %s begins %s" % (order["intent_id"], events[0]["state"])
        for before, after in zip(events, events[1:]):
            is_told = before["state"] == after["state"] == "sending" and before["version"] == 1
            if not is_told and after["state"] not in EDGES.get(before["state"], ()):
                yield "order %s went %s -> %s" % (order["intent_id"], before["state"], after["state"])
            if after["cum_qty_e8"] < before["cum_qty_e8"]:
                yield "order %s: filled quantity fell from %d to %d" % (
                    order["intent_id"], before["cum_qty_e8"], after["cum_qty_e8"])
        if not 0 <= order["cum_qty_e8"] <= order["qty_e8"]:
            yield "order %s filled %d of %d" % (order["intent_id"], order["cum_qty_e8"], order["qty_e8"])
    filled = collections.Counter()
    for row in dump.table("execution.fills"):
        filled[row["intent_id"]] += row["qty_e8"]
    for order in dump.ours:
        if order["state"] in ENDS and filled[order["intent_id"]] != order["cum_qty_e8"]:
            yield "order %s ended with %d e-8 filled, its fills add up to %d" % (
                order["intent_id"], order["cum_qty_e8"], filled[order["intent_id"]])


def i11(dump):
    """Claims carry lease epochs that never fall in the order of their commits; an epoch has one owner."""
    owners = collections.defaultdict(set)
    for row in dump.table("execution.lease_taken"):
        owners[(row["account"], row["venue"], row["epoch"])].add(row["owner"])
    for place, names in owners.items():
        if len(names) > 1:
            yield "epoch %d was owned by %s" % (place[2], sorted(names))
    claims = [e for e in dump.events if e["state"] == "sending" and e["version"] == 1 and e.get("commit_us")]
    claims.sort(key=lambda e: e["commit_us"])
    for before, after in zip(claims, claims[1:]):
        if after["lease_epoch"] < before["lease_epoch"] and after["commit_us"] > before["commit_us"]:
            yield "intent %s was claimed under epoch %d after epoch %d" % (
                after["intent_id"], after["lease_epoch"], before["lease_epoch"])
    for order in dump.ours:
        if order["state"] in ("filled", "canceled", "expired") and order["claim_nonce"] is None:
            yield "order %s ended %s without a claim" % (order["intent_id"], order["state"])


def letters(dump, service):
    return {(row["key"], row["seq"]) for row in dump.table(service + ".dead_letter") if row.get("key")}


def i13(dump):
    """Each outbox row has an inbox row in each subscriber, or a dead letter; sequences have no gap."""
    for token, (owner, consumers) in dump.streams.items():
        rows = [r for r in dump.table(owner + ".outbox") if r["key"].split("/")[0] == token]
        by_key = collections.defaultdict(list)
        for row in rows:
            by_key[row["key"]].append(row["seq"])
        for key, numbers in by_key.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                yield "%s.outbox %s: %d rows end with number %d" % (owner, key, len(numbers), max(numbers))
        for consumer in consumers:
            seen = {(r["key"], r["seq"]) for r in dump.table(consumer + ".inbox") if r["producer"] == owner}
            seen |= letters(dump, consumer)
            missing = sorted((r["key"], r["seq"]) for r in rows if (r["key"], r["seq"]) not in seen)
            if missing and dump.meta.get("settled"):
                yield "%s never had %d message(s) of %s, first %s %d" % (
                    consumer, len(missing), owner, missing[0][0], missing[0][1])


def i14(dump):
    """At most one effect per message and consumer: inbox rows are unique and stand for what was sent."""
    sent = {}
    for owner in sorted({owner for owner, _ in dump.streams.values()}):
        for row in dump.table(owner + ".outbox"):
            sent[(owner, row["key"], row["seq"])] = row["event_id"]
    for consumer in sorted({c for _, consumers in dump.streams.values() for c in consumers}):
        seen, ids = set(), set()
        for row in dump.table(consumer + ".inbox"):
            place = (row["producer"], row["key"], row["seq"])
            if place in seen:
                yield "%s took %s of %s twice" % (consumer, place[1:], place[0])
            seen.add(place)
            if row["event_id"] is not None and row["event_id"] in ids:
                yield "%s took event %s twice" % (consumer, row["event_id"])
            ids.add(row["event_id"])
            if place not in sent:
                yield "%s took %s of %s, which was never sent" % (consumer, place[1:], place[0])
            elif row["event_id"] is not None and sent[place] != row["event_id"]:
                yield "%s took %s of %s as another event" % (consumer, place[1:], place[0])
    booked = collections.Counter((e["kind"], e["reference"]) for e in dump.table("portfolio.ledger_entry")
                                 if e["kind"] == "fill")
    for (_, reference), count in booked.items():
        if count > 1:
            yield "the ledger has %d entries for fill %s" % (count, reference)


def i15(dump):
    """No order request is received later than a second after a level of risk committed that forbids it."""
    account = dump.meta.get("account", "main")
    spans, before = [], {}
    for row in sorted(dump.table("risk.kill_change"), key=lambda r: r["version"]):
        if row["scope"] != "*" and not row["scope"].startswith(("venue:", "account:")):
            continue
        if row["scope"].startswith("account:") and row["scope"] != "account:" + account:
            continue
        since, level = before.get(row["scope"], (None, 0))
        if level > 0 and since is not None and row.get("commit_us"):
            spans.append((since, row["commit_us"], level))
        before[row["scope"]] = (row.get("commit_us"), row["level"])
    spans += [(since, None, level) for since, level in before.values() if level > 0 and since is not None]
    for client_id, wall_ns in dump.wire.orders:
        order = dump.by_client.get(client_id)
        for since, until, level in spans:
            is_within = wall_ns > since * 1000 + 1_000_000_000 and (until is None or wall_ns < until * 1000)
            may = order is not None and order["reduce_only"] and (
                level == 1 or (level == 3 and order["purpose"] == "flatten"))
            if is_within and not may:
                yield "%s was received %.3f s after level %d was committed" % (
                    client_id, wall_ns / 1e9 - since / 1e6, level)


def i17(dump):
    """No order that the venue accepted reached it after its not_after."""
    for post in dump.posts:
        order = dump.by_client.get(post["form"].get("newClientOrderId"))
        answer = dump.answers.get(post["number"])
        is_accepted = answer is not None and answer["status"] == 200
        if order is not None and is_accepted and post["market_ns"] > order["not_after_ns"]:
            yield "intent %s was accepted %.3f s after its not_after" % (
                order["intent_id"], (post["market_ns"] - order["not_after_ns"]) / 1e9)


def i20(dump):
    """The venue never had to ban us."""
    for answer in dump.answers.values():
        if answer["status"] == 418:
            yield "request %d was answered 418" % answer["number"]


def i23(dump):
    """Positions and ledger sums rebuilt from their entries are what is stored."""
    sums = collections.Counter()
    for entry in dump.table("portfolio.ledger_entry"):
        for posting in entry["postings"]:
            sums[(posting["ledger_account"], posting["asset"])] += e8(posting["amount"])
    stored = {(r["ledger_account"], r["asset"]): r["amount_e8"] for r in dump.table("portfolio.ledger_sum")}
    for key in sorted(set(sums) | set(stored)):
        if sums.get(key, 0) != stored.get(key, 0):
            yield "ledger account %s %s: entries give %d e-8, stored %d" % (
                key[0], key[1], sums.get(key, 0), stored.get(key, 0))
    for service in ("portfolio", "risk"):
        held = collections.Counter()
        for row in dump.table(service + ".fill"):
            sign = 1 if row["side"] == "buy" else -1
            held[row["symbol"]] += sign * row["qty_e8"]
            if row["fee_asset"] and row["symbol"].startswith(row["fee_asset"]):
                held[row["symbol"]] -= row["fee_e8"]
        for row in dump.table(service + ".position"):
            if held.pop(row["symbol"], 0) != row["qty_e8"]:
                yield "%s: position of %s is %d e-8, its fills give another" % (service, row["symbol"], row["qty_e8"])
        for symbol, qty in held.items():
            if qty != 0:
                yield "%s: fills of %s leave %d e-8, there is no position" % (service, symbol, qty)


def alarms(dump):
    """Nothing was buried, no kill says that the books and the venue disagree, no permit was used twice."""
    for service in sorted({s for owner, consumers in dump.streams.values() for s in [owner] + consumers}):
        for row in dump.table(service + ".dead_letter"):
            if row.get("resolved_by") is None and not dump.meta.get("dead_letters_expected"):
                yield "%s buried a message of %s: %s" % (service, row["subject"], row["error"])
    for row in dump.table("execution.kill"):
        if row["source"] == "execution" and row["level"] >= 2:
            yield "execution raised kill %d for %s: %s" % (row["level"], row["scope"], row["reason"])
    for row in dump.table("execution.reconciliation"):
        if row["kind"] in ("duplicate_order", "ghost_order", "external_order", "unexplained_balance"):
            yield "reconciliation found %s: %s expected, %s seen" % (row["kind"], row["expected"], row["seen"])


INVARIANTS = [("I1", i1), ("I2", i2), ("I3", i3), ("I4", i4), ("I5", i5), ("I6", i6), ("I7", i7), ("I9", i9),
              ("I10", i10), ("I11", i11), ("I13", i13), ("I14", i14), ("I15", i15), ("I17", i17), ("I20", i20), ("I23", i23),
              ("alarms", alarms)]


def violations(dump):
    """Pairs of invariant and text, in the order of the invariants."""
    for name, invariant in INVARIANTS:
        for text in invariant(dump):
            yield name, text


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check.py DUMP")
    dump = Dump(sys.argv[1])
    found = list(violations(dump))
    shown = collections.Counter()
    for name, text in found:
        shown[name] += 1
        if shown[name] <= 5:
            print("%s: %s" % (name, text))
    for name, count in shown.items():
        if count > 5:
            print("%s: … and %d more" % (name, count - 5))
    print("checker: %d orders, %d requests, %d venue trades, %d order events, %d stream rows: %d violations%s" % (
        len(dump.ours), len(dump.posts), len(dump.trades), len(dump.events),
        sum(len(dump.table(owner + ".outbox")) for owner in {o for o, _ in dump.streams.values()}),
        len(found), ", first " + found[0][0] if found else ""))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
