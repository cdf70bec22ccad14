"""Execution killed with many orders open, again and again: from the signal until it says that it is ready, which it is when
it has taken its lease, read its rows back and compared everything with the exchange. Then with a second instance beside it,
killed and stopped: until the other one is ready. Prints a table."""
import os
import signal
import sys
import time

from running import Flow, call, head, is_ready, pid_of, row, sql, supervise, wait_for

OPEN = int(os.environ.get("BENCH_OPEN", "1000"))
ROUNDS = int(os.environ.get("BENCH_READY", "20"))
APART_S = 10.5  # take-overs keep ten seconds apart


def opened():
    return int(sql("SELECT count(*) FROM execution.orders WHERE state = 'open'") or 0)


def agree():
    """What is open here is open at the exchange."""
    wait_for("books that agree", 30, lambda: opened() == len(call("GET", "/api/v3/openOrders")[0]), 0.5)


def fill_book():
    flow = Flow(threads=4, tif="gtc", share=0.985, qty="0.0003")
    end = time.monotonic() + 300
    while opened() < OPEN:
        flow.on()
        time.sleep(0.3)
        if time.monotonic() > end:
            sys.exit("bench: only %d orders are open; the gateway said: %s" % (opened(), flow.last))
    flow.off()
    flow.is_over = True
    wait_for("an empty lane", 60, lambda: sql(
        "SELECT count(*) FROM execution.orders WHERE state IN ('ready', 'sending', 'unknown')") == "0")


def ready_after(name, begun, seconds=30):
    """Milliseconds from then until that instance is ready, looked at every few of them."""
    wait_for(name + " ready", seconds, lambda: is_ready(name), 0.004)
    return (time.monotonic() - begun) * 1000


def restart():
    values = []
    for _ in range(ROUNDS):
        pid = pid_of("execution")
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        values.append(ready_after("execution", begun))
        time.sleep(1.2)  # its supervisor starts what lived for less than a second later
    return values


def take_over(what, rounds):
    values = []
    for _ in range(rounds):
        time.sleep(APART_S)
        mine = "execution" if is_ready("execution") else "execution-b"
        other = "execution-b" if mine == "execution" else "execution"
        pid = pid_of(mine)
        begun = time.monotonic()
        os.kill(pid, what)
        values.append(ready_after(other, begun))
        if what == signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)
        wait_for("a process to stand by", 30, lambda: pid_of(mine) > 0)
    return values


def main():
    supervise("-d", "execution-b")
    wait_for("execution", 60, lambda: is_ready("execution"))
    fill_book()
    count = opened()
    head("execution dies with %d orders open" % count)
    row("kill -9 until ready again", restart(), "2000 p99")
    agree()
    supervise("-u", "execution-b")
    time.sleep(3)
    row("kill -9 until the other instance is ready", take_over(signal.SIGKILL, max(2, ROUNDS // 5)), "5000")
    row("SIGSTOP until the other instance is ready", take_over(signal.SIGSTOP, max(2, ROUNDS // 5)), "5000")
    agree()


main()
