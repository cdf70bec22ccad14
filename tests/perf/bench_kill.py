"""What the kill switch takes, in a running system under orders: from a command to the last order request that
leaves, by the gateway and by the local page, with NATS up and down; and 200 open orders canceled. Prints a table."""
import glob, hashlib, hmac, json, os, re, subprocess, sys, time, urllib.parse, urllib.request

RUN, ROUNDS = os.environ["CERBERUS_RUN_DIR"], int(os.environ.get("BENCH_KILLS", "20"))
CERBERUS = os.path.join(os.getcwd(), "bin/cerberus")
ENDPOINTS = json.load(open(os.environ["CERBERUS_ENDPOINTS"]))
SIM = ENDPOINTS["simulator"]


def cerberus(*words):
    return subprocess.run([CERBERUS, *words], capture_output=True, text=True, timeout=20)


def lower():
    """By two, without a cool-down in this run; again while a raise is still on its way."""
    for scope in ("global", "account=main"):
        for _ in range(20):
            asked = cerberus("unkill", "--reason", "bench", "--scope", scope)
            done = asked.returncode == 0 and cerberus(
                "unkill", "--approve", json.loads(asked.stdout)["request"], "--as", "risk_officer")
            if done and done.returncode == 0:
                break
            time.sleep(0.1)


def posts():
    """Wall times (ns) of the order requests that the exchange has received."""
    found = []
    for path in glob.glob(RUN + "/journal/exchange-*.jsonl"):
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - (2 << 20)))
            for line in file.read().split(b"\n"):
                at = re.search(rb'"wall_ns":(\d+)', line) # the first line may be cut
                if at and b"POST /api/v3/order" in line and b'"dir":"in"' in line:
                    found.append(int(at.group(1)))
    return found


def last_post_after(begun_ns):
    time.sleep(0.5)
    late = [at for at in posts() if at > begun_ns]
    return (max(late) - begun_ns) / 1e6 if late else 0.0


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def row(name, values, unit="ms"):
    print("%-58s %6d %9.1f %9.1f %9.1f %s" % (
        name, len(values), quantile(values, 0.5), quantile(values, 0.99), max(values), unit))


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


def wait_for_order(seconds=60):
    begun, end = time.time_ns(), time.time() + seconds
    while not any(at > begun for at in posts()) and time.time() < end:
        time.sleep(0.1)


def by(command):
    values = []
    for _ in range(ROUNDS):
        wait_for_order(20)
        begun = time.time_ns()
        done = cerberus("kill", "--reason", "bench", *command)
        if done.returncode != 0:
            sys.exit("bench_kill: " + done.stderr)
        values.append(last_post_after(begun))
        lower()
    return values


def supervise(what, name):
    subprocess.run(["s6-svc", what, RUN + "/s6/" + name], check=True)


def seen_without_nats():
    """Each level that is raised on the page is a line of execution's log; the difference is its delay."""
    values = []
    supervise("-d", "nats")
    time.sleep(3)
    for level in "1234":
        begun = time.time_ns()
        cerberus("kill", "--local", "--level", level, "--reason", "bench %s" % begun)
        time.sleep(1.5)
        log = open(RUN + "/log/execution.log").read()
        at = re.search(r'ts=(\S+)Z [^\n]*event=flag_page [^\n]*reason="bench %s"' % begun, log)
        if at:
            whole, part = at.group(1).split(".")
            seen = int(time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone) * 10**9 + int(part) * 1000
            values.append((seen - begun) / 1e6)
    late = last_post_after(begun)
    supervise("-d", "postgres")
    begun = time.time_ns()
    cerberus("kill", "--local", "--level", "4", "--reason", "bench")
    time.sleep(2)
    leaked = sum(at > begun for at in posts())
    for name in ("postgres", "nats"):
        supervise("-u", name)
    return values, late, leaked


def cancel_200():
    price = int(float(json.load(urllib.request.urlopen(SIM["rest"] + "/api/v3/ticker/price?symbol=BTCUSDT"))["price"]) * 0.8)
    for _ in range(200):
        call("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.001", price=price)
    opened = len(call("GET", "/api/v3/openOrders")[0])
    begun = time.time_ns()
    cerberus("kill", "--level", "2", "--reason", "bench")
    while True:
        left, headers = call("GET", "/api/v3/openOrders")
        if not left:
            return opened, (time.time_ns() - begun) / 1e6, headers.get("x-mbx-used-weight-1m")
        time.sleep(0.02)


def main():
    wait_for_order()
    print("%-58s %6s %9s %9s %9s" % ("kill switch", "n", "p50", "p99", "max"))
    row("command to last order request, gateway and NATS", by(["--level", "2"]))
    row("command to last order request, local page", by(["--local", "--level", "2"]))
    opened, took_ms, weight = cancel_200()
    row("%d open orders gone after the command" % opened, [took_ms])
    print("%-58s %6s of 6000 a minute" % ("request weight of that minute", weight))
    lower()
    values, late, leaked = seen_without_nats()
    if values:
        row("local page seen by execution, NATS stopped", values)
    row("command to last order request, NATS stopped", [late])
    print("%-58s %6d" % ("order requests after the command, PostgreSQL stopped too", leaked))


main()
