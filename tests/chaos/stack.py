"""The real system under test: started as a user starts it (deploy/local/run.sh), then led through the
proxy, with PostgreSQL and NATS on small file systems of their own where this machine allows a mount."""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = ["collector", "validator", "signals", "risk", "execution", "portfolio"]
EXECUTIONS = ["execution", "execution-b"]
PROXIED = ["signals", "risk", "portfolio"] + EXECUTIONS
DISK_SIZE = "6g"  # address space of a tmpfs: only what is written takes memory


def busy(name):
    """Settings of tests/testing/busy, which every load of orders shares."""
    with open("%s/tests/testing/busy/%s.conf" % (ROOT, name)) as file:
        return file.read()


# Small orders, so that fees and spread never meet a loss limit; opinions at almost every candle; entries
# that rest and are canceled as well as entries that trade at once. Bounds are in market time.
LOAD = {
    "SIGNALS": busy("signals") + """strategies = trend@1m:1,meanrev@1m:1
strategy.trend.fast = 2
strategy.trend.slow = 3
strategy.trend.channel = 2
strategy.trend.atr = 2
strategy.trend.spread_full = 0.01
strategy.trend.stop_atr = 0.3
strategy.trend.profit_atr = 0.3
exit.retry = 1s
entry.order_type = limit
entry.tif = gtc
entry.limit_offset = {offset}""",
    "RISK": busy("risk") + """rule.order_notional_max.limit = 400
rule.data_quality.age_max = 3600s
unkill.cooldown = 0s""",
    "EXECUTION": """order.timeout = 20s
unknown.kill_after = 3600s
unknown.kill_count = 1000
kill.reject_rate = 1""",
    "CAPS": busy("caps"),
}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Stack:
    def __init__(self, run_dir, speed, seed, log):
        self.run = run_dir
        self.speed, self.seed, self.log = speed, seed, log
        self.env = dict(os.environ, CERBERUS_RUN_DIR=run_dir, SPEED=str(speed), AGENTS=str(seed % 1000 + 1),
                        BALANCES="USDT:1000000", CERBERUS_ENDPOINTS=run_dir + "/endpoints.json", READY_TIMEOUT="240", STANDBY="1")
        # A run stops execution for longer than the guardian bears; what it would do then is not the question here.
        self.env.setdefault("GUARDIAN", "0")
        self.proxy = None
        self.mounts = []
        self.socket = None
        self.happened = {}
        self.fill_lock = threading.Lock()

    # ---- life ----

    def script(self, verb, timeout):
        with open(os.path.join(self.run, "run-%s.log" % verb), "ab") as out:
            return subprocess.run([ROOT + "/deploy/local/run.sh", verb], env=self.env, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=out, timeout=timeout).returncode

    def up(self):
        os.makedirs(self.run, exist_ok=True)
        os.makedirs(self.run + "/failpoints", exist_ok=True)
        self.env["EXTRA_CAPS"] = LOAD["CAPS"]
        for name in SERVICES + ["gateway", "simulator"]:
            extra = LOAD.get(name.upper(), "").format(offset="0.0005" if self.seed % 2 else "0")
            self.env["EXTRA_" + name.upper()] = (extra + "\nfailpoints.file = %s/failpoints/%s" % (self.run, name)).strip()
        if self.script("up", 600) != 0:
            raise RuntimeError("the system did not start: see %s/run-up.log" % self.run)
        self.endpoints = json.load(open(self.run + "/endpoints.json"))
        self.socket = self.endpoints["postgres"]["socket"]
        services = [name for name in self.names() if name not in ("nats", "postgres")]
        self.s6("-d", services, wait="-D")
        with open(self.run + "/pg/extra.conf", "a") as conf:
            conf.write("track_commit_timestamp = on\nmax_connections = 100\n")
        self.s6("-d", ["nats", "postgres"], wait="-D")
        self.mount("nats")
        self.mount("pg/data")
        self.start_proxy()
        self.lead_through_proxy()
        self.s6("-u", ["nats", "postgres"])
        self.wait_for("PostgreSQL", 60, lambda: self.sql("SELECT 1") == "1")
        self.s6("-u", services)
        self.wait_for("all services", 120, self.all_ready)

    def stop(self, is_kept=False):
        """is_kept: what NATS has on its disk is kept beside the logs."""
        for name in self.names():
            self.signal(name, signal.SIGCONT)
        try:
            self.script("stop", 180)
        finally:
            if self.proxy is not None:
                self.proxy.stdin.close()
                self.proxy.wait(10)
            for path in self.mounts:
                if is_kept and path.endswith("nats"):
                    shutil.copytree(path, path + ".kept", dirs_exist_ok=True)
                subprocess.run(["umount", "-l", path], check=False)

    def mount(self, name):
        """A file system of its own that can be made full; where it cannot be had, that fault is left out."""
        path = "%s/%s" % (self.run, name)
        aside = path + ".aside"
        os.rename(path, aside)
        os.mkdir(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + DISK_SIZE, "none", path],
                              stderr=subprocess.DEVNULL).returncode == 0
        if not done:
            os.rmdir(path)
            os.rename(aside, path)
            self.log("no_mount", disk=name, effect="full disks are left out")
            return
        subprocess.run(["cp", "-a", aside + "/.", path], check=True)
        shutil.rmtree(aside)
        self.mounts.append(path)

    # ---- through the proxy ----

    def start_proxy(self):
        self.links, nats = {}, int(self.endpoints["nats"]["url"].rsplit(":", 1)[1])
        venue = int(self.endpoints["simulator"]["rest"].rsplit(":", 1)[1])
        for name in PROXIED:
            self.links[name + "-nats"] = {"listen": free_port(), "target": nats}
            self.links[name + "-pg"] = {"listen": "%s/net/%s/.s.PGSQL.5432" % (self.run, name),
                                        "target": self.socket + "/.s.PGSQL.5432"}
        for name in EXECUTIONS:
            self.links[name + "-venue"] = {"listen": free_port(), "target": venue}
        self.proxy = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "proxy.py")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      stderr=open(self.run + "/log/proxy.log", "a"))
        self.proxy.stdin.write(json.dumps(self.links) + "\n")
        self.proxy.stdin.flush()
        if self.proxy.stdout.readline().strip() != "ready":
            raise RuntimeError("the proxy did not start")
        threading.Thread(target=self.hear_proxy, daemon=True).start()

    def hear_proxy(self):
        for line in self.proxy.stdout:
            words = line.split()
            if words and words[0] == "happened":
                self.happened[words[1]] = time.monotonic()

    def net(self, *words):
        self.proxy.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.proxy.stdin.flush()

    def lead_through_proxy(self):
        for name in PROXIED:
            path = "%s/conf/%s.conf" % (self.run, name)
            text = open(path).read()
            text = text.replace(self.endpoints["nats"]["url"], "nats://127.0.0.1:%d" % self.links[name + "-nats"]["listen"])
            text = text.replace("\npg.dsn = host=" + self.socket,
                                "\npg.dsn = host=" + os.path.dirname(self.links[name + "-pg"]["listen"]))
            if name in EXECUTIONS:
                text = text.replace("failpoints/execution\n", "failpoints/%s\n" % name)
                old = self.endpoints["simulator"]["rest"].rsplit(":", 1)[1]
                text = text.replace("127.0.0.1:" + old, "127.0.0.1:%d" % self.links[name + "-venue"]["listen"])
            with open(path, "w") as out:
                out.write(text)

    # ---- processes ----

    def s6(self, flag, names, wait=None):
        for name in names:
            subprocess.run(["s6-svc", flag, "%s/s6/%s" % (self.run, name)], stderr=subprocess.DEVNULL, check=False)
        if wait:
            for name in names:
                subprocess.run(["s6-svwait", wait, "-t", "15000", "%s/s6/%s" % (self.run, name)],
                               stderr=subprocess.DEVNULL, check=False)

    def pid(self, name):
        done = subprocess.run(["s6-svstat", "-o", "pid", "%s/s6/%s" % (self.run, name)],
                              capture_output=True, text=True, check=False)
        text = done.stdout.strip()
        return int(text) if text.isdigit() and int(text) > 1 else 0

    def names(self):
        """Everything that is supervised but the exchange."""
        return sorted(name for name in os.listdir(self.run + "/s6") if name[0] != "." and name != "simulator")

    def signal(self, name, number):
        pid = self.pid(name)
        if pid:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pid = 0
        return pid

    @staticmethod
    def state_of(pid):
        """Letter of the process's state, "" when it is gone."""
        try:
            return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return ""

    def backends(self):
        """Every process of the PostgreSQL server, its first one first."""
        first = self.pid("postgres")
        if not first:
            return []
        found = [first]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = open(path).read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == first:
                found.append(int(path.split("/")[2]))
        return found

    # ---- questions ----

    def sql(self, text, timeout=20):
        done = subprocess.run(["psql", "-X", "-q", "-tA", "-h", self.socket, "-U", "cerberus_admin", "-d", "cerberus",
                               "-c", text], capture_output=True, text=True, timeout=timeout, check=False,
                              env=dict(os.environ, PGCONNECT_TIMEOUT="5"))
        return done.stdout.strip() if done.returncode == 0 else None

    def ready(self, name):
        try:
            url = self.endpoints["metrics"][name].replace("/metrics", "/readyz")
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def all_ready(self):
        """Execution is ready when either instance is."""
        return all(self.ready(name) for name in SERVICES if name != "execution") and any(map(self.ready, EXECUTIONS))

    def sim(self, path):
        request = urllib.request.Request(self.endpoints["simulator"]["rest"] + path)
        request.add_header("Authorization", "Bearer " + open(self.endpoints["simulator"]["admin_token_file"]).read().strip())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def cerberus(self, *words):
        done = subprocess.run([ROOT + "/bin/cerberus"] + list(words), env=self.env, capture_output=True, text=True,
                              check=False, timeout=20)
        return done.returncode, done.stdout, done.stderr.strip()

    def unkill(self, log):
        """What two operators do while it burns: lower level 1, which execution raises when it cannot know. Levels
        from 2 on say that books and venue disagree: those stay, for the checker to see."""
        scopes = self.sql("SELECT string_agg(DISTINCT scope, ' ') FROM execution.kill WHERE level = 1") or ""
        for scope in scopes.split():
            code, text, why = self.cerberus("unkill", "--scope", scope, "--reason", "chaos goes on", "--as", "operator")
            try:
                request = json.loads(text)["request"]
            except (ValueError, KeyError, TypeError):
                log("unkill_refused", scope=scope, status=code, text=(text + why)[:200])
                continue
            code, text, why = self.cerberus("unkill", "--approve", request, "--as", "risk_officer")
            log("unkill", scope=scope, status=code, text="" if code == 0 else (text + why)[:200])

    def provision(self):
        """Makes streams and consumers that are missing, as the start of a run does."""
        return subprocess.run([ROOT + "/bin/cerberus", "provision", "streams", "--url=" + self.endpoints["nats"]["url"],
                               "--password=%s/secrets/nats_provision" % self.run], capture_output=True, check=False,
                              timeout=20).returncode == 0

    @staticmethod
    def read_streams():
        text = open(ROOT + "/proto/subjects.def").read()
        row = re.compile(r'^SUBJECT\((\w+), "[^"]*", \w+, \w+, "([^"]*)", "([^"]*)", STREAM', re.M)
        return {token: (owner, consumers.split()) for token, owner, consumers in row.findall(text)}

    def wait_for(self, what, seconds, is_done):
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                raise RuntimeError("%s: not within %d s" % (what, seconds))
            time.sleep(0.1)
