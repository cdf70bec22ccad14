#!/usr/bin/env python3
"""Kills, stops, cuts and tears the real system while it trades, lets it settle, and asks the checker.

    chaos.py [KILLS]        CHAOS_SEED=1  CHAOS_SPEED=60  CHAOS_EVERY=100  CHAOS_DIR=…  CHAOS_KEEP=1  CHAOS_PAUSE_MS=1000

The plan (which action on which place with which numbers) is a function of the seed; when it happens is
the machine's affair. Every CHAOS_EVERY kills the load is paused, faults stop, the system settles, and the
checker reads everything since the start. CHAOS_FROM=N begins with action N of the plan,
CHAOS_WITHOUT=torn_stream,full_disk leaves actions out (which makes another plan).
Ends with 0 and one line of counts, or 1 with one line that holds the seed; then logs and dump are kept.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import actions
import dump
from stack import SERVICES, Stack

HERE = os.path.dirname(os.path.abspath(__file__))
SETTLE_S = 90
SLOTS = 2


def number_of(name, fallback):
    return int(os.environ.get(name) or fallback)


class Run:
    def __init__(self, kills):
        self.wanted = kills
        self.seed = number_of("CHAOS_SEED", 1)
        self.every = number_of("CHAOS_EVERY", 100)
        self.next = number_of("CHAOS_FROM", 1)
        self.dir = os.environ.get("CHAOS_DIR") or tempfile.mkdtemp(prefix="cerberus-chaos-")
        self.run_dir = os.path.join(self.dir, "run")
        os.makedirs(self.run_dir, exist_ok=True)
        self.record = open(os.path.join(self.dir, "chaos.log"), "a", buffering=1)
        self.lock = threading.Lock()
        self.counts = dict(kills=0, stops=0, cuts=0, actions=0, checks=0)
        self.pause_s = number_of("CHAOS_PAUSE_MS", 1000) / 1000
        self.began = time.monotonic()
        self.stack = Stack(self.run_dir, number_of("CHAOS_SPEED", 60), self.seed, self.log)
        self.summary = ""

    def log(self, event, **pairs):
        words = ["%s=%s" % (key, json.dumps(value) if isinstance(value, str) and " " in value else value)
                 for key, value in pairs.items()]
        line = "%s.%03dZ +%.3f %s %s" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), time.time() % 1 * 1000,
                                         time.monotonic() - self.began, event, " ".join(words))
        self.record.write(line + "\n")

    # ---- faults ----

    def act(self):
        """One action of the plan; false when this round has had its kills."""
        with self.lock:
            if self.counts["kills"] >= self.round_end:
                return False
            number = self.next
            self.next += 1
            self.counts["actions"] += 1
        action = actions.choose(self.seed, number)
        context = actions.Context(self.stack, number, self.seed, self.log)
        try:
            action(context)
        except (OSError, subprocess.SubprocessError) as error:
            self.log("action_failed", n=number, action=action.__name__, error=str(error))
        with self.lock:
            self.counts["kills"] += context.kills
            self.counts["stops"] += context.stops
            self.counts["cuts"] += context.cuts
        time.sleep(context.random.random() * self.pause_s)
        return True

    def operate(self):
        """What an operator does while it burns: lower what execution raised because it could not know."""
        while not self.is_calm.wait(2):
            self.stack.unkill(self.log)

    def slot(self):
        while self.act():
            pass

    def hurt(self):
        self.round_end = min(self.counts["kills"] + self.every, self.wanted)
        threads = [threading.Thread(target=self.slot) for _ in range(SLOTS)]
        self.is_calm = threading.Event()
        operator = threading.Thread(target=self.operate)
        for thread in threads + [operator]:
            thread.start()
        for thread in threads:
            thread.join()
        self.is_calm.set()
        operator.join()

    # ---- settling ----

    def heal(self):
        for name in os.listdir(self.run_dir + "/failpoints"):
            os.unlink(self.run_dir + "/failpoints/" + name)
        for name in self.stack.names():
            self.stack.signal(name, 18)  # SIGCONT
            if name not in ("nats", "postgres"):
                self.stack.signal(name, 12)  # SIGUSR2: whatever is armed is off
        for link in self.stack.links:
            self.stack.net("disarm", link)

    def unsettled(self):
        """What is still under way, "" when nothing is."""
        rows = self.stack.sql(
            "SELECT (SELECT count(*) FROM execution.orders WHERE state IN ('ready','sending','unknown'))"
            " || ' ' || (SELECT count(*) FROM execution.orders WHERE state IN ('open','partially_filled'))"
            " || ' ' || (SELECT count(*) FROM risk.reservation WHERE NOT is_terminal)"
            " || ' ' || " + " || ' ' || ".join(
                "(SELECT count(*) FROM %s.outbox WHERE NOT is_published)" % s for s in ("signals", "risk", "execution"))
            + " || ' ' || " + " || ' ' || ".join(self.missing(*edge) for edge in self.edges()))
        if rows is None:
            return "no database"
        names = ["undecided", "open", "reserved", "unpublished", "unpublished", "unpublished"] + [
            "%s>%s" % (token, consumer) for token, _, consumer in self.edges()]
        return " ".join("%s=%s" % pair for pair in zip(names, rows.split()) if pair[1] != "0")

    def edges(self):
        found = []
        for token, (owner, consumers) in sorted(self.streams.items()):
            found += [(token, owner, consumer) for consumer in consumers]
        return found

    @staticmethod
    def missing(token, owner, consumer):
        return ("(SELECT count(*) FROM %s.outbox o WHERE o.key LIKE '%s/%%' AND NOT EXISTS (SELECT 1 FROM %s.inbox i"
                " WHERE i.producer = '%s' AND i.key = o.key AND i.seq = o.seq) AND NOT EXISTS (SELECT 1 FROM"
                " %s.dead_letter d WHERE d.key = o.key AND d.seq = o.seq))" % (owner, token, consumer, owner, consumer))

    def settle(self):
        """Faults have stopped; new intents too. True when nothing is under way any more."""
        self.heal()
        self.stack.s6("-d", ["collector"], wait="-D")  # without candles there are no new decisions
        deadline = time.monotonic() + SETTLE_S
        quiet = 0
        left = ""
        while time.monotonic() < deadline and quiet < 3:
            left = self.unsettled()
            quiet = quiet + 1 if left == "" else 0
            time.sleep(0.3)
        self.log("settled" if quiet else "not_settled", left=left)
        return quiet > 0

    def check(self, is_settled):
        folder = os.path.join(self.dir, "dump")
        shutil.rmtree(folder, ignore_errors=True)
        dump.write(self.stack, folder, {"settled": is_settled, "account": "main", "seed": self.seed})
        done = subprocess.run([sys.executable, HERE + "/check.py", folder], capture_output=True, text=True, check=False)
        self.counts["checks"] += 1
        self.summary = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-300:]
        with open(self.dir + "/check.txt", "w") as out:
            out.write(done.stdout + done.stderr)
        self.log("checked", result=self.summary)
        return done.returncode == 0

    def resume(self):
        """Load again; an operator lowers what execution raised while it could not know."""
        self.stack.s6("-u", ["collector"])
        self.stack.unkill(self.log)

    # ---- the whole ----

    def report(self, is_good, why):
        orders = self.stack.sql("SELECT count(*) FROM execution.orders") if self.stack.socket else "0"
        text = "chaos: %s seed=%d kills=%d stops=%d cuts=%d actions=%d checks=%d orders=%s seconds=%d%s" % (
            "ok" if is_good else "FAILED", self.seed, self.counts["kills"], self.counts["stops"], self.counts["cuts"],
            self.counts["actions"], self.counts["checks"], orders, time.monotonic() - self.began,
            "" if is_good else " why=%s dir=%s" % (json.dumps(why), self.dir))
        self.log("end", text=text)
        print(text, flush=True)

    def run(self):
        self.stack.up()
        self.streams = self.stack.read_streams()
        self.stack.wait_for("the first orders", 120, lambda: int(self.stack.sql("SELECT count(*) FROM execution.orders") or 0) > 3)
        self.log("began", kills=self.wanted, seed=self.seed)
        while self.counts["kills"] < self.wanted:
            self.hurt()
            is_settled = self.settle()
            if not self.check(is_settled):
                return False, self.summary
            if not is_settled:
                return False, "not settled within %d s: %s" % (SETTLE_S, self.unsettled())
            print("chaos: kills=%d/%d %s" % (self.counts["kills"], self.wanted, self.summary), flush=True)
            if self.counts["kills"] < self.wanted:
                self.resume()
                self.stack.wait_for("all services", 90, self.stack.all_ready)
        return True, ""


def main():
    run = Run(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    is_good, why = False, "it did not start"
    try:
        is_good, why = run.run()
    except (RuntimeError, OSError, subprocess.SubprocessError, KeyboardInterrupt) as error:
        why = "%s: %s" % (type(error).__name__, error)
    finally:
        run.report(is_good, why)
        run.stack.stop(not is_good)
        if is_good and not os.environ.get("CHAOS_KEEP") and not os.environ.get("CHAOS_DIR"):
            shutil.rmtree(run.dir, ignore_errors=True)
    sys.exit(0 if is_good else 1)


main()
