"""What the kill switch takes, in a running system under a burst of orders: from a command to the last order request that
leaves, by the gateway and by the local page; the same from a backlog in execution with NATS, then PostgreSQL too, stopped;
and 200 open orders canceled. Prints a table."""
import os
import random
import time

from running import (Flow, bid, call, cerberus, clear_faults, control, head, kill, last_post_after, lower, posts, row, sql,
                     supervise, wait_for)

ROUNDS = int(os.environ.get("BENCH_KILLS", "20"))
HELD_MS = 60  # what the exchange waits with each answer while execution shall have a backlog


def rate():
    seen = posts()
    newest = [at for at in seen if at > max(seen, default=0) - 10**9]
    return len(newest)


def by(flow, command):
    values, rates = [], []
    for _ in range(ROUNDS):
        flow.wait()
        time.sleep(1 + random.random() * 0.2)
        rates.append(rate())
        begun = kill(*command)
        values.append(last_post_after(begun))
        flow.off()
        lower()
    return values, sorted(rates)[len(rates) // 2]


def backlog(flow):
    """Permits that wait in execution, because the exchange answers slowly."""
    control("/control/faults", {"kind": "delay_answer", "ms": HELD_MS, "target": "POST /api/v3/order"})
    flow.wait()
    wait_for("a backlog", 30, lambda: int(sql("SELECT count(*) FROM execution.orders WHERE state = 'ready'") or 0) > 20)


def without(flow, names, rounds):
    """The page alone, while execution still has orders to send. Returns delays and how many left before the command."""
    values, before = [], []
    for _ in range(rounds):
        backlog(flow)
        for name in names:
            supervise("-d", name)
        time.sleep(0.3)
        stopped = time.time_ns() - 300 * 10**6
        before.append(sum(at > stopped for at in posts()))
        values.append(last_post_after(kill("--local", "--level", "2"), 1.0))
        flow.off()
        for name in reversed(names):
            supervise("-u", name)
        clear_faults()
        wait_for("services after an outage", 120, lambda: cerberus("kill", "-o", "json").returncode == 0)
        wait_for("an empty lane", 60, lambda: sql(
            "SELECT count(*) FROM execution.orders WHERE state IN ('ready', 'sending', 'unknown')") == "0", 0.3)
        lower()
    return values, before


def cancel_200():
    price = "%.2f" % (bid() * 0.8)
    for _ in range(200):
        call("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.001", price=price)
    opened = len(call("GET", "/api/v3/openOrders")[0])
    begun = kill("--level", "2")
    while True:
        left, headers = call("GET", "/api/v3/openOrders")
        if not left:
            return opened, (time.time_ns() - begun) / 1e6, headers.get("x-mbx-used-weight-1m")
        time.sleep(0.02)


def main():
    flow = Flow(threads=8)
    flow.wait(120)
    head("kill switch")
    values, each_s = by(flow, ["--level", "2"])
    row("command to last order request, gateway (%d orders/s)" % each_s, values, "50 p99")
    values, each_s = by(flow, ["--local", "--level", "2"])
    row("command to last order request, local page (%d orders/s)" % each_s, values, "10 p99")
    flow.off()
    opened, took_ms, weight = cancel_200()
    row("%d open orders gone after the command" % opened, [took_ms], "5000")
    print("%-62s %6s of 6000 a minute" % ("request weight of that minute", weight))
    lower()
    values, before = without(flow, ["nats"], max(3, ROUNDS // 4))
    row("the same, NATS stopped (%d orders left before the command)" % sum(before), values, "50 p99")
    values, before = without(flow, ["nats", "postgres"], max(2, ROUNDS // 10))
    row("the same, PostgreSQL stopped too", values, "50 p99")


main()
