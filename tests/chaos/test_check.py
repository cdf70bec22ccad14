#!/usr/bin/env python3
"""The checker's own tests: a small history without fault must pass; each way to break an invariant, made by
hand, must be found under that invariant's name. Prints TAP."""
import copy
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402

SUBJECTS = '''SUBJECT(INTENT, "intent.new", INTENT, ACCOUNT, "signals", "risk", STREAM, BLOCK)
SUBJECT(FILL, "fill.new", FILL, ACCOUNT, "execution", "risk portfolio", STREAM, BLOCK)
SUBJECT(TICK, "md.tick", TICK, SYMBOL, "collector", "risk", CORE, CONFLATE)
'''
SECOND_NS = 1_000_000_000


def order(number, state, cum_e8, **more):
    row = {"intent_id": "intent-%d" % number, "client_order_id": "client-%d" % number, "is_external": False,
           "state": state, "version": 3, "qty_e8": 200, "cum_qty_e8": cum_e8, "not_after_ns": 100 * SECOND_NS,
           "claim_nonce": "nonce-%d" % number, "reason": "", "reduce_only": False, "purpose": "entry"}
    row.update(more)
    return row


def life(number, *states):
    """Rows of order_event: (version, state, filled so far)."""
    return [{"intent_id": "intent-%d" % number, "version": version, "state": state, "cum_qty_e8": cum_e8,
             "lease_epoch": 1, "commit_us": 1_000_000 * number + at}
            for at, (version, state, cum_e8) in enumerate(states)]


def post(number, client, wall_ns, market_ns=50 * SECOND_NS):
    return {"wall_ns": wall_ns, "market_ns": market_ns, "kind": "request", "number": number, "method": "POST",
            "path": "/api/v3/order", "query": "", "body": "symbol=BTCUSDT&newClientOrderId=" + client, "key": ""}


def wire(conn, client, wall_ns, path="/api/v3/order", head="POST %s HTTP/1.1\r\nHost: x\r\n\r\n"):
    """A request as two pieces of one connection, as execution's come."""
    text = "symbol=BTCUSDT&newClientOrderId=%s&timestamp=1" % client
    return [{"wall_ns": wall_ns + at, "market_ns": 0, "kind": "wire", "conn": conn, "dir": "in", "size": len(part), "data": part}
            for at, part in enumerate([head % path, text])]


def trade_line():
    return {"wall_ns": 0, "market_ns": 0, "kind": "trade", "account": "main", "symbol": "BTCUSDT", "trade_id": 7,
            "price": "0.000005", "qty": "0.000002"}


def kill(version, level, commit_us, scope="*"):
    return {"scope": scope, "level": level, "version": version, "commit_us": commit_us}


def answer(number, status=200):
    return {"wall_ns": 0, "market_ns": 0, "kind": "answer", "number": number, "status": status, "body": "{}"}


def fill_row():
    return {"symbol": "BTCUSDT", "trade_id": 7, "side": "buy", "price_e8": 500, "qty_e8": 200, "fee_e8": 1,
            "fee_asset": "BTC", "intent_id": "intent-1"}


def good():
    """One order that was filled, one that never left, one that the venue refused."""
    entry = {"entry_id": "entry-1", "kind": "fill", "reference": "BTCUSDT:7", "postings": [
        {"ledger_account": "assets:main", "asset": "BTC", "amount": "0.00000199"},
        {"ledger_account": "trading:main", "asset": "BTC", "amount": "-0.00000199"}]}
    outbox = [{"key": "FILL/main", "seq": 1, "event_id": "event-1"}]
    taken = [{"producer": "execution", "key": "FILL/main", "seq": 1, "event_id": "event-1"}]
    intents = [{"key": "INTENT/main", "seq": n, "event_id": "intent-event-%d" % n} for n in (1, 2, 3)]
    return {
        "meta.json": {"settled": True, "account": "main"},
        "venue.json": {"accounts": [{"name": "main", "balances": [{"asset": "BTC", "total": "0.00000199"}],
                                     "trades": [{"symbol": "BTCUSDT", "id": 7, "price": "0.000005", "qty": "0.000002",
                                                 "commission": "0.00000001", "commissionAsset": "BTC", "isBuyer": True}],
                                     "orders": [{"clientOrderId": "client-1", "status": "FILLED",
                                                 "executedQty": "0.000002"}]}]},
        "subjects.def": SUBJECTS,
        "journal0.jsonl": [post(1, "client-1", 2 * SECOND_NS), answer(1), post(2, "client-3", 5 * SECOND_NS), answer(2, 400)] +
        wire(1, "client-1", 2 * SECOND_NS) + wire(1, "client-3", 5 * SECOND_NS) + [trade_line()],
        "risk.kill_change": [kill(1, 2, 5_500_000), kill(2, 0, 9_000_000)],
        "execution.orders": [order(1, "filled", 200, version=4), order(2, "not_sent", 0, version=2, claim_nonce=None),
                             order(3, "rejected", 0)],
        "execution.order_event": life(1, (1, "ready", 0), (1, "sending", 0), (2, "sending", 0), (3, "open", 0),
                                      (4, "filled", 200)) + life(2, (1, "ready", 0), (2, "not_sent", 0)) +
        life(3, (1, "ready", 0), (1, "sending", 0), (2, "sending", 0), (3, "rejected", 0)),
        "execution.fills": [fill_row()],
        "portfolio.fill": [fill_row()],
        "risk.fill": [fill_row()],
        "portfolio.balance": [{"account": "main", "asset": "BTC", "amount_e8": 199}],
        "portfolio.ledger_entry": [entry],
        "portfolio.ledger_sum": [{"ledger_account": "assets:main", "asset": "BTC", "amount_e8": 199},
                                 {"ledger_account": "trading:main", "asset": "BTC", "amount_e8": -199}],
        "portfolio.position": [{"symbol": "BTCUSDT", "qty_e8": 199}],
        "risk.position": [{"symbol": "BTCUSDT", "qty_e8": 199}],
        "risk.reservation": [{"intent_id": "intent-%d" % n, "is_terminal": True, "qty_e8": 200, "cum_qty_e8": cum,
                              "remaining_e8": 0} for n, cum in ((1, 200), (2, 0), (3, 0))],
        "signals.outbox": intents,
        "risk.inbox": [dict(row, producer="signals") for row in intents] + copy.deepcopy(taken),
        "execution.outbox": outbox,
        "portfolio.inbox": taken,
        "execution.kill": [],
        "execution.reconciliation": [],
        "risk.dead_letter": [],
    }


def found(history):
    """Names of the invariants that the checker calls broken."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in history.items():
            if isinstance(content, str):
                text = content
            elif isinstance(content, dict):
                text = json.dumps(content)
            else:
                text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in content)
            with open(os.path.join(folder, name if name.endswith((".json", ".jsonl", ".def")) else name + ".jsonl"), "w") as out:
                out.write(text)
        return {name for name, _ in check.violations(check.Dump(folder))}


def venue(history):
    return history["venue.json"]["accounts"][0]


BREAKS = [
    ("I1", "an order is posted twice", lambda h: h["journal0.jsonl"].append(post(3, "client-1", 9 * SECOND_NS))),
    ("I1", "the venue has two orders of one client id", lambda h: venue(h)["orders"].append(dict(venue(h)["orders"][0]))),
    ("I1", "an intent has two client ids", lambda h: h["execution.orders"].append(
        order(1, "not_sent", 0, client_order_id="client-1b"))),
    ("I1", "the venue has an order that no intent explains", lambda h: venue(h)["orders"].append(
        {"clientOrderId": "stranger", "status": "CANCELED", "executedQty": "0"})),
    ("I1", "an order is on the wire twice, once in a request that broke off", lambda h: h["journal0.jsonl"].extend(
        wire(2, "client-1", 9 * SECOND_NS, path="/api/v3/order"))),
    ("I2", "its first byte came before its claim", lambda h: h["journal0.jsonl"].__setitem__(
        4, dict(h["journal0.jsonl"][4], wall_ns=SECOND_NS))),
    ("I2", "bytes of an order that no table knows", lambda h: h["journal0.jsonl"].extend(wire(2, "client-9", 9 * SECOND_NS))),
    ("I2", "a request without bytes", lambda h: h["journal0.jsonl"].__delitem__(slice(6, 8))),
    ("I3", "the exchange's journal has a trade that its books have not", lambda h: h["journal0.jsonl"].append(
        dict(trade_line(), trade_id=8))),
    ("I15", "an order after a kill", lambda h: (h["risk.kill_change"][0].update(commit_us=3_000_000))),
    ("I2", "a request names a client id that no table knows", lambda h: h["journal0.jsonl"].append(
        post(3, "client-9", 9 * SECOND_NS))),
    ("I2", "a request leaves without a claim", lambda h: h["journal0.jsonl"].append(post(3, "client-2", 9 * SECOND_NS))),
    ("I2", "a request arrives before its claim committed", lambda h: h["execution.order_event"][1].update(
        commit_us=2_000_001)),
    ("I3", "execution misses a trade", lambda h: h["execution.fills"].clear()),
    ("I3", "the portfolio booked a trade twice", lambda h: h["portfolio.fill"].append(fill_row())),
    ("I3", "risk knows another fee", lambda h: h["risk.fill"][0].update(fee_e8=2)),
    ("I3", "a fill has another price", lambda h: h["execution.fills"][0].update(price_e8=501)),
    ("I3", "a fill that the venue never made", lambda h: h["execution.fills"].append(dict(fill_row(), trade_id=8))),
    ("I4", "a balance differs in the last digit", lambda h: h["portfolio.balance"][0].update(amount_e8=198)),
    ("I4", "the ledger's sums do not cancel", lambda h: h["portfolio.ledger_sum"][0].update(amount_e8=200)),
    ("I4", "an entry does not balance", lambda h: h["portfolio.ledger_entry"][0]["postings"][0].update(amount="0.000002")),
    ("I5", "an order is open at the venue and ended here", lambda h: venue(h)["orders"][0].update(status="NEW")),
    ("I5", "an order is open here and ended at the venue", lambda h: h["execution.orders"][0].update(state="open")),
    ("I5", "both ended, but not alike", lambda h: venue(h)["orders"][0].update(status="EXPIRED")),
    ("I5", "an order ended filled that was never there", lambda h: venue(h)["orders"].clear()),
    ("I5", "the venue executed another quantity", lambda h: venue(h)["orders"][0].update(executedQty="0.000001")),
    ("I6", "an order stays unknown", lambda h: h["execution.orders"][2].update(state="unknown")),
    ("I6", "an order stays ready", lambda h: h["execution.orders"][1].update(state="ready")),
    ("I7", "an order that was not sent is at the venue", lambda h: venue(h)["orders"].append(
        {"clientOrderId": "client-2", "status": "CANCELED", "executedQty": "0"})),
    ("I7", "an order called rejected was accepted", lambda h: h["journal0.jsonl"][3].update(status=200)),
    ("I9", "a reservation outlives its order", lambda h: h["risk.reservation"][1].update(is_terminal=False, remaining_e8=200)),
    ("I9", "a reservation was released early", lambda h: h["execution.orders"][2].update(state="open")),
    ("I9", "a reservation keeps less than is left", lambda h: h["risk.reservation"][1].update(is_terminal=False, remaining_e8=5)),
    ("I9", "a reservation knows another filled quantity", lambda h: h["risk.reservation"][0].update(cum_qty_e8=100)),
    ("I9", "a living order has no reservation", lambda h: (h["execution.orders"][2].update(state="open"),
                                                          h["risk.reservation"].pop())),
    ("I10", "a forbidden transition", lambda h: h["execution.order_event"][4].update(state="rejected")),
    ("I10", "an end that is left again", lambda h: h["execution.order_event"].append(
        dict(h["execution.order_event"][4], version=5, state="open"))),
    ("I10", "a gap in the versions", lambda h: h["execution.order_event"].pop(3)),
    ("I10", "filled quantity falls", lambda h: h["execution.order_event"][3].update(cum_qty_e8=201)),
    ("I10", "more filled than ordered", lambda h: h["execution.orders"][0].update(cum_qty_e8=201)),
    ("I10", "an order ended before its fills", lambda h: h["execution.fills"].clear()),
    ("I10", "an order without a history", lambda h: h["execution.orders"].append(order(4, "open", 0))),
    ("I11", "a claim under an older epoch", lambda h: h["execution.order_event"][1].update(lease_epoch=2)),
    ("I11", "two owners of one epoch", lambda h: h.update({"execution.lease_taken": [
        {"account": "main", "venue": "v", "epoch": 1, "owner": owner} for owner in ("a", "b")]})),
    ("I11", "a filled order without a claim", lambda h: h["execution.orders"][0].update(claim_nonce=None)),
    ("I13", "a message that one consumer never had", lambda h: h["portfolio.inbox"].clear()),
    ("I13", "a gap in an outbox", lambda h: h["signals.outbox"].pop(1)),
    ("I14", "an inbox row twice", lambda h: h["portfolio.inbox"].append(dict(h["portfolio.inbox"][0]))),
    ("I14", "one event under two numbers", lambda h: h["risk.inbox"].append(
        {"producer": "execution", "key": "FILL/main", "seq": 2, "event_id": "event-1"})),
    ("I14", "a message that was never sent", lambda h: h["risk.inbox"].append(
        {"producer": "execution", "key": "FILL/main", "seq": 2, "event_id": "event-2"})),
    ("I14", "another event under the same number", lambda h: h["portfolio.inbox"][0].update(event_id="event-9")),
    ("I14", "a fill booked twice", lambda h: h["portfolio.ledger_entry"].append(
        dict(h["portfolio.ledger_entry"][0], entry_id="entry-2"))),
    ("I17", "an order accepted after its deadline", lambda h: h["journal0.jsonl"][0].update(market_ns=101 * SECOND_NS)),
    ("I20", "a ban", lambda h: h["journal0.jsonl"].append(answer(9, 418))),
    ("I23", "a stored sum that its entries do not give", lambda h: (h["portfolio.ledger_sum"][0].update(amount_e8=200),
                                                                   h["portfolio.ledger_sum"][1].update(amount_e8=-200))),
    ("I23", "a position that its fills do not give", lambda h: h["risk.position"][0].update(qty_e8=200)),
    ("I23", "a position is missing", lambda h: h["portfolio.position"].clear()),
    ("alarms", "a buried message", lambda h: h["risk.dead_letter"].append({"subject": "x", "error": "poison"})),
    ("alarms", "a kill because the books disagree", lambda h: h["execution.kill"].append(
        {"source": "execution", "level": 2, "scope": "account:main", "reason": "ghost"})),
    ("alarms", "a ghost order", lambda h: h["execution.reconciliation"].append(
        {"kind": "ghost_order", "expected": "a", "seen": "b"})),
]


def main():
    bad = 0
    count = 0

    def say(is_ok, text):
        nonlocal bad, count
        count += 1
        bad += not is_ok
        print("%sok %d - %s" % ("" if is_ok else "not ", count, text))

    names = found(good())
    say(not names, "a history without fault passes (%s)" % ", ".join(sorted(names)))
    for name, text, change in BREAKS:
        history = copy.deepcopy(good())
        change(history)
        names = found(history)
        say(name in names, "%s: %s (%s)" % (name, text, ", ".join(sorted(names))))
    tested = {name for name, _, _ in BREAKS}
    say(tested == {name for name, _ in check.INVARIANTS}, "every invariant has a history that breaks it")
    unsettled = copy.deepcopy(good())
    unsettled["meta.json"]["settled"] = False
    unsettled["execution.orders"][2]["state"] = "unknown"
    unsettled["execution.order_event"].pop()
    unsettled["execution.order_event"].append(dict(life(3, (3, "unknown", 0))[0]))
    say("I6" not in found(unsettled), "what is still under way is no violation while it is")
    print("1..%d" % count)
    sys.exit(1 if bad else 0)


main()
