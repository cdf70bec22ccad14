"""Durable orders per second: requests as the gateway sends them go to risk of each account, become permits, claims and one
POST each, and are answered by the exchange. Counted are the exchange's answers to orders in its journal. Beside it, in
turns, pgbench commits one small row per transaction with as many clients, in the same cluster."""
import asyncio
import json
import os
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from running import CERBERUS, ENDPOINTS, RUN, bid, control

ACCOUNTS = [int(word) for word in os.environ.get("BENCH_ACCOUNTS", "1 8 64").split()]
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
IN_FLIGHT = 8  # requests of each account that wait for risk's answer
LIVING = 16  # granted orders of an account that have not ended: beyond, permits would only grow old in execution
RELAYED = {"validator": ["md.ok.ticker.>", "md.ok.candle.>", "md.ok.instrument.>", "md.ok.book.>", "dq.score.>"],
           "simulator": ["sim.clock.>"]}
SECRETS = RUN + "/secrets/"
SOCKET = ENDPOINTS["postgres"]["socket"]


# ---- a NATS client that can do what is needed here ----


class Nats:
    """One connection as one user."""

    all = []  # asyncio itself holds tasks weakly

    def __init__(self, port, user):
        self.port, self.user = port, user
        self.waiting = {}
        self.handlers = {}
        self.inbox = "_INBOX_%s.ask.bench%d" % (user, port)
        self.all.append(self)
        self.number = 0

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self.reader.readline()
        word = open(SECRETS + "nats_" + self.user).read().strip()
        self.send("CONNECT %s\r\n" % json.dumps({"verbose": False, "user": self.user, "pass": word, "headers": False}))
        if self.user == "gateway":
            self.send("SUB %s.> 0\r\n" % self.inbox)
        self.task = asyncio.create_task(self.run())
        return self

    def send(self, text, body=b""):
        self.writer.write(text.encode() + (body + b"\r\n" if text.startswith("PUB") else b""))

    def publish(self, subject, body, reply=""):
        self.send("PUB %s %s%d\r\n" % (subject, reply + " " if reply else "", len(body)), body)

    def subscribe(self, subject, handler):
        self.number += 1
        self.handlers[str(self.number)] = handler
        self.send("SUB %s %d\r\n" % (subject, self.number))

    async def ask(self, subject, body, timeout=10):
        self.number += 1
        reply = "%s.%d" % (self.inbox, self.number)
        self.waiting[reply] = asyncio.get_running_loop().create_future()
        self.publish(subject, body, reply)
        try:
            return await asyncio.wait_for(self.waiting[reply], timeout)
        except asyncio.TimeoutError:
            return None
        finally:
            self.waiting.pop(reply, None)

    async def run(self):
        while line := await self.reader.readline():
            words = line.split()
            if words[:1] == [b"PING"]:
                self.send("PONG\r\n")
            elif words[:1] == [b"MSG"]:
                body = (await self.reader.readexactly(int(words[-1]) + 2))[:-2]
                subject = words[1].decode()
                if subject in self.waiting:
                    if not self.waiting[subject].done():
                        self.waiting[subject].set_result(body)
                elif words[2].decode() in self.handlers:
                    self.handlers[words[2].decode()](subject, body)
            elif words[:1] == [b"-ERR"]:
                sys.exit("bench: NATS says " + line.decode())


# ---- an intent and an order, by the field numbers of proto/cerberus/v1 ----

STATE_FIELD = 11
EXPIRED = 8
ENDS = {6, 7, 8, 9, 10}  # filled, canceled, expired, rejected, not sent


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<q", value)


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def intent(price_e8, number):
    envelope = field(1, random.randbytes(16)) + field(4, b"gateway") + field(5, 1) + field(6, number) + field(8, 1)
    buy, limit, ioc = 1, 2, 2
    return (field(1, envelope) + field(2, random.randbytes(16)) + field(6, b"BTCUSDT") + field(8, buy) + field(10, limit) +
            field(11, ioc) + fixed(13, 100_000) + fixed(14, price_e8) + field(31, b"bench"))


def state_of(body):
    """The state of an encoded order; a walk over its fields."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (body[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if body[at - 1] < 128:
                return value

    while at < len(body):
        tag = number()
        if tag & 7 == 0:
            value = number()
            if tag >> 3 == STATE_FIELD:
                return value
        elif tag & 7 == 1:
            at += 8
        else:
            size = number()
            at += size
    return 0


# ---- chains ----


class Chain:
    """One account: the run's own is chain 0, the others are made beside it."""

    def __init__(self, index, ports):
        self.index, self.processes = index, []
        self.account = "main" if index == 0 else "a%d" % index
        self.folder = "%s/chain%d" % (RUN, index)
        if index == 0:
            self.nats = int(ENDPOINTS["nats"]["url"].rsplit(":", 1)[1])
            return
        self.nats, self.risk, self.execution = ports
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder + "/nats")

    def start(self, name, words):
        log = open("%s/%s.log" % (self.folder, name), "ab")
        self.processes.append(subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def make_bus(self):
        conf = subprocess.run([CERBERUS, "provision", "nats-conf", "--secrets=" + RUN + "/secrets", "--port=%d" % self.nats,
                               "--store=" + self.folder + "/nats"], capture_output=True, text=True, check=True).stdout
        open(self.folder + "/nats.conf", "w").write(conf)
        self.start("nats", ["nats-server", "-c", self.folder + "/nats.conf"])

    def make_streams(self):
        for _ in range(50):
            if subprocess.run([CERBERUS, "provision", "streams", "--url=nats://127.0.0.1:%d" % self.nats,
                               "--password=" + SECRETS + "nats_provision"], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.2)
        sys.exit("bench: the streams of chain %d cannot be made" % self.index)

    def make_database(self):
        name = "chain%d" % self.index
        psql("postgres", "CREATE DATABASE %s" % name)
        psql(name, "".join("CREATE SCHEMA %s AUTHORIZATION %s_owner; GRANT USAGE ON SCHEMA %s TO %s;" % ((s,) * 4)
                           for s in ("risk", "execution")))
        with open(SECRETS + "pgpass", "a+") as file:
            file.seek(0)
            rows = [line for line in file.read().splitlines() if line.startswith("*:*:cerberus:")]
            file.write("".join(line.replace(":cerberus:", ":%s:" % name, 1) + "\n" for line in rows))

    def make_key(self):
        key, secret = os.urandom(16).hex(), os.urandom(32).hex()
        control("/sim/accounts?" + urllib.parse.urlencode({"name": self.account, "key": key, "secret": secret}), {})
        control("/sim/deposit?" + urllib.parse.urlencode({"account": self.account, "asset": "USDT", "amount": "10000000"}), {})
        subprocess.run([CERBERUS, "key", "add", "--socket", ENDPOINTS["signer"]["admin_socket"], "--account", self.account,
                        "--venue", "binance", "--purpose", "trade"], input=key + "\n" + secret + "\n", text=True,
                       capture_output=True, check=True)

    def conf(self, service, port):
        text = open("%s/conf/%s.conf" % (RUN, service)).read()
        page = self.folder + "/kill.page"
        for pattern, value in ((r"^nats.url = .*", "nats.url = nats://127.0.0.1:%d" % self.nats),
                               (r"^http.port = .*", "http.port = %d" % port), (r"^account = .*", "account = " + self.account),
                               (r"dbname=cerberus", "dbname=chain%d" % self.index),
                               (r"^journal.dir = .*", "journal.dir = " + self.folder),
                               (r"^kill.page = .*", "kill.page = " + page), (r"^guard.page = .*", "guard.page = "),
                               (r"^claim.mark = .*", "claim.mark = %s/claim.mark" % self.folder)):
            text = re.sub(pattern, value, text, flags=re.M)
        path = "%s/%s.conf" % (self.folder, service)
        open(path, "w").write(text)
        os.chmod(path, 0o600)
        return path

    def make_services(self):
        subprocess.run([CERBERUS, "provision", "kill-page", "--file=" + self.folder + "/kill.page"], check=True,
                       capture_output=True)
        for service, port in (("risk", self.risk), ("execution", self.execution)):
            self.start(service, ["bin/cerberus-" + service, "--config=" + self.conf(service, port)])

    def is_ready(self):
        for port in (self.risk, self.execution) if self.index else ():
            try:
                if urllib.request.urlopen("http://127.0.0.1:%d/readyz" % port, timeout=2).status != 200:
                    return False
            except OSError:
                return False
        return True

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def psql(database, text):
    done = subprocess.run(["psql", "-X", "-q", "-tA", "-v", "ON_ERROR_STOP=1", "-h", SOCKET, "-U", "cerberus_admin", "-d",
                           database, "-c", text], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr)
    return done.stdout.strip()


# ---- the flow ----


class Flow:
    """Requests to every chain while it is on; market data of chain 0 for the others all the time."""

    def __init__(self, chains):
        self.chains = chains
        self.is_on = False
        self.granted = self.denied = self.number = 0
        self.last = b""
        self.living = [0] * len(chains)
        self.placed = [0] * len(chains)
        self.tasks = []

    async def begin(self):
        self.gateways = [await Nats(chain.nats, "gateway").open() for chain in self.chains]
        for index, chain in enumerate(self.chains):
            def ended(_, body, index=index):
                state = state_of(body)
                self.living[index] -= state in ENDS and self.living[index] > 0
                self.placed[index] += state == EXPIRED

            watcher = await Nats(chain.nats, "cli").open()
            watcher.subscribe("order.event.>", ended)
        source = await Nats(self.chains[0].nats, "cli").open()
        kept = {}  # what is said seldom (filters, closed candles) is said again to who came later
        for user, subjects in RELAYED.items():
            sinks = [await Nats(chain.nats, user).open() for chain in self.chains[1:]]

            def relay(subject, body, sinks=sinks):
                if "instrument" in subject or "candle" in subject:
                    kept[subject] = (sinks, body)
                for sink in sinks:
                    sink.publish(subject, body)

            for subject in subjects:
                source.subscribe(subject, relay)
        async def repeat():
            while True:
                await asyncio.sleep(2)
                for subject, (sinks, body) in list(kept.items()):
                    for sink in sinks:
                        sink.publish(subject, body)

        self.tasks.append(asyncio.create_task(repeat()))
        for index in range(len(self.chains)):
            self.tasks = [asyncio.create_task(self.ask(index)) for _ in range(IN_FLIGHT)] + self.tasks

    async def ask(self, index):
        while True:
            if not self.is_on or self.living[index] >= LIVING:
                await asyncio.sleep(0.005)
                continue
            self.number += 1
            self.living[index] += 1
            answer = await self.gateways[index].ask("cmd.intent.risk", intent(self.price_e8, self.number))
            if answer is not None and b'"ok":true' in answer:
                self.granted += 1
            else:
                self.living[index] -= self.living[index] > 0
                self.denied += 1
                self.last = answer
                await asyncio.sleep(0.05)

    async def turn(self):
        """Orders per second that the exchange has answered."""
        self.price_e8 = round(bid() * 0.985 * 100) * 10**6
        self.is_on = True
        await asyncio.sleep(2)
        begun = time.time_ns()
        await asyncio.sleep(SECONDS)
        ended = time.time_ns()
        self.is_on = False
        await asyncio.sleep(3)
        return answered(begun, ended) / ((ended - begun) / 1e9)


def answered(begun_ns, ended_ns):
    """Answers of 200 to order requests between two moments, by the exchange's journal."""
    numbers, count = set(), 0
    for name in os.listdir(RUN + "/journal"):
        if not name.startswith("exchange-"):
            continue
        with open(RUN + "/journal/" + name, "rb") as file:
            for line in file:
                if b'"method":"POST","path":"/api/v3/order"' in line:
                    numbers.add(re.search(rb'"number":(\d+)', line)[1])
                elif b'"kind":"answer"' in line and b'"status":200' in line:
                    at = int(re.search(rb'"wall_ns":(\d+)', line)[1])
                    count += begun_ns <= at <= ended_ns and re.search(rb'"number":(\d+)', line)[1] in numbers
    return count


# ---- PostgreSQL alone ----


def commits(clients):
    """Transactions per second of one small row each, as many clients as accounts."""
    script = RUN + "/pgbench.sql"
    open(script, "w").write("INSERT INTO bench_commit (client, at_ns) VALUES (:client_id, 1);\n")
    done = subprocess.run([os.environ["PGBENCH"], "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(2, clients)), "-T", "5",
                           "-f", script, "-h", SOCKET, "-U", "cerberus_admin", "bench"], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        sys.exit("bench: pgbench: " + done.stderr)
    return float(found[1])


# ---- the whole ----


def free_ports(count):
    import socket
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


def make_chains(chains, wanted):
    ports = free_ports(3 * wanted)
    new = [Chain(index, ports[3 * index:3 * index + 3]) for index in range(len(chains), wanted)]
    for chain in new:
        if chain.index:
            chain.make_bus()
    for chain in new:
        if chain.index:
            chain.make_streams()
            chain.make_database()
            chain.make_key()
    return chains + new, new


async def measure(chains, new):
    flow = Flow(chains)
    await flow.begin()
    for chain in new:  # some at a time: each start is work for all processors
        if chain.index:
            chain.make_services()
            for _ in range(600):
                if await asyncio.to_thread(chain.is_ready):
                    break
                await asyncio.sleep(0.1)
            else:
                sys.exit("bench: chain %d is not ready, see %s" % (chain.index, chain.folder))
    flow.price_e8 = round(bid() * 0.985 * 100) * 10**6
    flow.is_on = True
    begun = time.monotonic()
    while min(flow.placed) < 5:  # marks, filters and balances must be known before anything is sent
        await asyncio.sleep(0.2)
        if time.monotonic() - begun > 240:
            sys.exit("bench: %d orders granted, %d not, last: %s" % (flow.granted, flow.denied, flow.last))
    flow.is_on = False
    await asyncio.sleep(3)
    rows = []
    if os.environ.get("BENCH_VERBOSE"):
        print("granted %d, refused %d, last %s" % (flow.granted, flow.denied, flow.last), file=sys.stderr)
    for _ in range(TURNS):
        bare = await asyncio.to_thread(commits, len(chains))
        rows.append((await flow.turn(), bare))
    if os.environ.get("BENCH_VERBOSE"):
        print("granted %d, refused %d, last %s" % (flow.granted, flow.denied, flow.last), file=sys.stderr)
    if os.environ.get("BENCH_VERBOSE") and len(chains) > 1:
        print(psql("chain1", "SELECT state, reason, count(*) FROM execution.orders GROUP BY 1, 2"), file=sys.stderr)
    return {"accounts": len(chains), "orders_per_s": round(statistics.median(o for o, _ in rows), 1),
            "commits_per_s": round(statistics.median(c for _, c in rows), 1),
            "ratio": round(statistics.median(o / c for o, c in rows), 4), "ratio_min": round(min(o / c for o, c in rows), 4),
            "ratio_max": round(max(o / c for o, c in rows), 4), "turns": TURNS, "seconds": SECONDS}


def main():
    with open(RUN + "/pg/hba.conf") as file:
        rules = file.read()
    with open(RUN + "/pg/hba.conf", "w") as file:  # the run's own database only, until here
        file.write(rules.replace("local cerberus all", "local all all"))
    psql("postgres", "SELECT pg_reload_conf()")
    psql("postgres", "CREATE DATABASE bench")
    psql("bench", "CREATE TABLE bench_commit (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client bigint, at_ns bigint)")
    for service in ("risk", "execution"):
        psql("postgres", "ALTER ROLE %s CONNECTION LIMIT -1; ALTER ROLE %s_owner CONNECTION LIMIT -1" % (service, service))
    chains, report = [], []
    print("%-34s %12s %14s %8s %18s" % ("durable orders", "orders/s", "commits/s", "ratio", "(least … most)"))
    try:
        for count in ACCOUNTS:
            chains, new = make_chains(chains, count)
            one = asyncio.run(measure(chains, new))
            report.append(one)
            print("%-34s %12.1f %14.1f %8.3f %18s" % (
                "%d account%s, pgbench with %d" % (count, "s" if count > 1 else "", count), one["orders_per_s"],
                one["commits_per_s"], one["ratio"], "(%.3f … %.3f)" % (one["ratio_min"], one["ratio_max"])), flush=True)
    finally:
        for chain in chains:
            chain.stop()
    print(json.dumps({"durable_orders": report}))


main()
