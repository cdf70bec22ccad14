"""What the benchmarks in a running system share: the commands and requests of a user, a flow of orders that are asked for
by hand, what the exchange has received, and rows of figures."""
import glob
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

RUN = os.environ["CERBERUS_RUN_DIR"]
CERBERUS = os.path.join(os.getcwd(), "bin/cerberus")
ENDPOINTS = json.load(open(os.environ["CERBERUS_ENDPOINTS"]))
SIM = ENDPOINTS["simulator"]
GATEWAY = ENDPOINTS["gateway"]
TAIL = 4 << 20  # bytes of the exchange's journal that are read back: some thousand requests


# ---- as a user ----


def cerberus(*words):
    return subprocess.run([CERBERUS, *words], capture_output=True, text=True, timeout=30)


def kill(*words):
    """Raises; returns when the command was given (ns)."""
    begun = time.time_ns()
    done = cerberus("kill", "--reason", "bench", *words)
    if done.returncode != 0:
        sys.exit("kill: " + done.stderr)
    return begun


def lower():
    """By two, without a cool-down in this run; again while a raise is still on its way."""
    for scope in ("global", "account=main"):
        for _ in range(50):
            asked = cerberus("unkill", "--reason", "bench", "--scope", scope)
            done = asked.returncode == 0 and cerberus(
                "unkill", "--approve", json.loads(asked.stdout)["request"], "--as", "risk_officer")
            if done and done.returncode == 0:
                break
            time.sleep(0.1)


def supervise(what, name):
    subprocess.run(["s6-svc", what, RUN + "/s6/" + name], check=True)


def pid_of(name):
    text = subprocess.run(["s6-svstat", "-o", "pid", RUN + "/s6/" + name], capture_output=True, text=True, check=False).stdout
    return int(text) if text.strip().isdigit() and int(text) > 1 else 0


def is_ready(name):
    try:
        url = ENDPOINTS["metrics"][name].replace("/metrics", "/readyz")
        return urllib.request.urlopen(url, timeout=2).status == 200
    except OSError:
        return False


def wait_for(what, seconds, is_done, period=0.1):
    end = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > end:
            sys.exit("bench: %s did not happen within %d s" % (what, seconds))
        time.sleep(period)


def sql(text):
    done = subprocess.run(["psql", "-X", "-q", "-tA", "-h", ENDPOINTS["postgres"]["socket"], "-U", "cerberus_admin", "-d",
                           "cerberus", "-c", text], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


# ---- the exchange ----


def sign(**query):
    query["timestamp"] = json.load(urllib.request.urlopen(SIM["rest"] + "/api/v3/time"))["serverTime"]
    query["recvWindow"] = 60000
    text = urllib.parse.urlencode(query)
    return text + "&signature=" + hmac.new(SIM["api_secret"].encode(), text.encode(), hashlib.sha256).hexdigest()


def call(method, path, **query):
    text = sign(**query)
    request = urllib.request.Request(SIM["rest"] + path + ("" if method == "POST" else "?" + text), method=method,
        data=text.encode() if method == "POST" else None, headers={"X-MBX-APIKEY": SIM["api_key"]})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer), answer.headers


def control(path, body):
    token = open(SIM["admin_token_file"]).read().strip()
    request = urllib.request.Request(SIM["rest"] + path, data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + token})
    return json.load(urllib.request.urlopen(request))


def clear_faults():
    token = open(SIM["admin_token_file"]).read().strip()
    urllib.request.urlopen(urllib.request.Request(
        SIM["rest"] + "/control/faults", method="DELETE", headers={"Authorization": "Bearer " + token}))


def posts():
    """Wall times (ns) of the newest order requests that the exchange has received."""
    found = []
    for path in glob.glob(RUN + "/journal/exchange-*.jsonl"):
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - TAIL))
            for line in file.read().split(b"\n"):
                at = re.search(rb'"wall_ns":(\d+)', line)  # the first line may be cut
                if at and b'"kind":"request"' in line and b'"method":"POST","path":"/api/v3/order"' in line:
                    found.append(int(at.group(1)))
    return found


def bid(symbol="BTCUSDT"):
    return float(json.load(urllib.request.urlopen(SIM["rest"] + "/api/v3/ticker/bookTicker?symbol=" + symbol))["bidPrice"])


# ---- a flow of orders ----


class Flow:
    """Orders through the gateway, as many as it takes: limits below the market that expire at once, so that neither
    money nor positions change."""

    number = itertools.count(time.time_ns())

    def __init__(self, threads=4, tif="ioc", share=0.985, symbol="BTCUSDT", qty="0.001"):
        self.tif, self.share, self.symbol, self.qty = tif, share, symbol, qty
        self.is_on = threading.Event()
        self.is_over = False
        self.price = "%.2f" % (bid(symbol) * share)
        self.granted = self.refused = 0
        self.last = ""
        for _ in range(threads):
            threading.Thread(target=self.run, daemon=True).start()

    def one(self, link):
        body = {"symbol": self.symbol, "side": "buy", "type": "limit", "tif": self.tif, "qty": self.qty,
                "price": self.price, "actor": "bench"}
        link.request("POST", "/v1/orders", json.dumps(body), {
            "Authorization": "Bearer " + open(GATEWAY["token_file"]).read().strip(),
            "Idempotency-Key": "bench-%d" % next(self.number)})
        answer = link.getresponse()
        self.last = answer.read().decode()
        if answer.status == 200:
            self.granted += 1
        else:
            self.refused += 1

    def run(self):
        where = urllib.parse.urlparse(GATEWAY["url"])
        link = None
        while not self.is_over:
            self.is_on.wait()
            try:
                if link is None:
                    link = http.client.HTTPConnection(where.hostname, where.port, timeout=5)
                self.one(link)
            except (OSError, http.client.HTTPException):
                link = None
                time.sleep(0.05)

    def on(self):
        self.price = "%.2f" % (bid(self.symbol) * self.share)
        self.is_on.set()

    def off(self):
        self.is_on.clear()

    def wait(self, seconds=60):
        """Until orders arrive at the exchange again."""
        begun = time.time_ns()
        end = time.monotonic() + seconds
        while sum(at > begun for at in posts()) < 5:
            if time.monotonic() > end:
                sys.exit("bench: no orders arrive; the gateway said: " + self.last)
            self.on()
            time.sleep(0.1)
        time.sleep(random.random() * 0.1)


def last_post_after(begun_ns, wait_s=0.5):
    time.sleep(wait_s)
    late = [at for at in posts() if at > begun_ns]
    return (max(late) - begun_ns) / 1e6 if late else 0.0


# ---- figures ----


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def head(title):
    print("%-62s %6s %9s %9s %9s    %s" % (title, "n", "p50", "p99", "max", "goal"), flush=True)


def row(name, values, goal="", unit="ms"):
    print("%-62s %6d %9.1f %9.1f %9.1f %s %s" % (
        name, len(values), quantile(values, 0.5), quantile(values, 0.99), max(values), unit, goal), flush=True)
