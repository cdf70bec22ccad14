"""What chaos does to the system: each action is a function of the stack and of its own random numbers, says
what it did, and leaves nothing behind that outlives it. A plan is a function of the seed alone."""
import glob
import os
import random
import signal
import subprocess
import time

from stack import PROXIED

WORD = {"signals": "strategy", "execution": "exec", "execution-b": "exec", "portfolio": "port"}
SHARED = ["recovering", "before_step", "before_commit", "mid_txn", "in_commit", "after_commit", "before_ack",
          "before_publish"]
POINTS = [("signals", "relay.after_ack"), ("risk", "relay.after_ack"), ("execution", "relay.after_ack"),
          ("collector", "collector.frame"), ("collector", "collector.core_publish"),
          ("validator", "validator.core_publish"), ("validator", "validator.before_commit")]
POINTS += [(service, WORD.get(service, service) + "." + point) for service in ("signals", "risk", "execution", "portfolio")
           for point in SHARED if (service, point) != ("signals", "mid")]
POINTS += [("execution", "exec." + point) for point in (
    "before_claim", "after_claim", "before_send", "mid_write", "after_write", "before_outcome_commit", "cancel",
    "cancel_answer", "query_answer", "user_event", "lease_renew")] * 3
FAILING = [(service, WORD.get(service, service) + ".before_ack") for service in ("signals", "risk", "execution", "portfolio")]
FAILING += [("risk", "relay.after_ack"), ("execution", "exec.user_event"), ("execution", "exec.before_send"),
            ("execution", "exec.before_commit"), ("risk", "risk.before_commit"), ("validator", "validator.core_publish")]
TWICE = ["execution", "execution-b"]  # as often again as the others
FP_WAIT_S = 6.0


class Context:
    """What an action may touch; one per action."""

    def __init__(self, stack, number, seed, log):
        self.stack, self.number, self.log = stack, number, log
        self.random = random.Random("%s/%d" % (seed, number))
        self.kills = self.stops = self.cuts = 0
        self.targets = set()


def victims(context):
    return [name for name in context.stack.names() if name not in ("nats", "postgres")] + TWICE


def wait_until(seconds, is_done):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_done():
            return True
        time.sleep(0.02)
    return False


def arm(context, service, text):
    """Writes the file and signals; false when the process was not there to read it."""
    path = "%s/failpoints/%s" % (context.stack.run, service)
    with open(path + ".new", "w") as out:
        out.write(text)
    os.rename(path + ".new", path)
    pid = context.stack.signal(service, signal.SIGUSR2)
    return pid


def disarm(context, service):
    path = "%s/failpoints/%s" % (context.stack.run, service)
    if os.path.exists(path):
        os.unlink(path)
    context.stack.signal(service, signal.SIGUSR2)


def holder_of(context):
    """Which of the two executions works: the one whose health page says ready."""
    return "execution-b" if context.stack.ready("execution-b") else "execution"


def kill_now(context, name):
    pid = context.stack.signal(name, signal.SIGKILL)
    if pid:
        context.kills += 1
        context.log("kill", n=context.number, target=name, pid=pid)
    return pid


# ---- actions ----


def fp_kill(context):
    service, point = context.random.choice(POINTS)
    hit = context.random.choice([1, 1, 1, 2, 3])
    if service == "execution":
        service = holder_of(context)
    context.targets.add(service)
    if point.endswith(".recovering"):
        kill_now(context, service)
        time.sleep(0.1)
    pid = arm(context, service, "%s=kill@%d" % (point, hit))
    gone = pid and wait_until(FP_WAIT_S, lambda: context.stack.state_of(pid) in ("", "Z", "X"))
    if gone:
        context.kills += 1
        context.log("failpoint_kill", n=context.number, target=service, point=point, hit=hit, pid=pid)
        return
    disarm(context, service)
    kill_now(context, service)


def fp_stop(context):
    """A stopped process, for a moment or longer than its lease lasts."""
    service, point = context.random.choice(POINTS)
    if service == "execution":
        service = holder_of(context)
    for_s = context.random.choice([0.2, 0.5, 1.0, 2.0, 4.5])
    context.targets.add(service)
    pid = arm(context, service, "%s=stop" % point)
    if pid and wait_until(FP_WAIT_S, lambda: context.stack.state_of(pid) == "T"):
        context.stops += 1
        context.log("failpoint_stop", n=context.number, target=service, point=point, seconds=for_s, pid=pid)
        time.sleep(for_s)
        context.stack.signal(service, signal.SIGCONT)
    else:
        disarm(context, service)
        kill_now(context, service)


def fp_error(context):
    service, point = context.random.choice(FAILING)
    if service == "execution":
        service = holder_of(context)
    many = context.random.random() < 0.3
    context.targets.add(service)
    arm(context, service, "%s=error@1%s" % (point, "+" if many and not point.endswith("commit") else ""))
    context.log("failpoint_error", n=context.number, target=service, point=point, many=many)
    time.sleep(0.7)
    disarm(context, service)


def fp_delay(context):
    service, point = context.random.choice(POINTS)
    if service == "execution":
        service = holder_of(context)
    ms = context.random.choice([50, 200, 500, 1500])
    context.targets.add(service)
    arm(context, service, "%s=delay:%d@1" % (point, ms))
    context.log("failpoint_delay", n=context.number, target=service, point=point, ms=ms)
    time.sleep(0.7)
    disarm(context, service)


def kill_service(context):
    name = context.random.choice(victims(context))
    context.targets.add(name)
    time.sleep(context.random.random() * 0.3)
    kill_now(context, name)


def kill_two(context):
    for name in context.random.sample(sorted(set(victims(context))), 2):
        context.targets.add(name)
        kill_now(context, name)


def stop_service(context):
    name = context.random.choice(victims(context) + ["nats"])
    for_s = context.random.choice([0.2, 0.5, 1.0, 2.5, 5.0])
    context.targets.add(name)
    pid = context.stack.signal(name, signal.SIGSTOP)
    if pid:
        context.stops += 1
        context.log("stop", n=context.number, target=name, seconds=for_s, pid=pid)
        time.sleep(for_s)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def stop_postgres(context):
    for_s = context.random.choice([0.3, 1.0, 2.5])
    context.targets.add("postgres")
    pids = context.stack.backends()
    for pid in pids:
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            pass
    context.stops += 1
    context.log("stop", n=context.number, target="postgres", seconds=for_s, processes=len(pids))
    time.sleep(for_s)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def kill_nats(context):
    context.targets.add("nats")
    kill_now(context, "nats")


def kill_postgres(context):
    """The first process, all of them at once, or one backend (which makes the server restart itself)."""
    context.targets.add("postgres")
    how = context.random.choice(["first", "all", "backend"])
    pids = context.stack.backends()
    if not pids:
        return
    chosen = {"first": pids[:1], "all": pids, "backend": [context.random.choice(pids[1:] or pids)]}[how]
    for pid in chosen:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    context.kills += 1
    context.log("kill", n=context.number, target="postgres", how=how, processes=len(chosen))


def power_button(context):
    """Everything but the exchange at one moment."""
    names = context.stack.names()
    pids = [pid for pid in [context.stack.pid(name) for name in names] if pid] + context.stack.backends()
    context.targets.update(names)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    context.kills += len(names)
    context.log("power_button", n=context.number, processes=len(pids))


def net_cut(context):
    name, to = context.random.choice([(name, to) for name in PROXIED[:3] + ["execution"] for to in ("nats", "pg")] +
                                     [("execution", "venue")] * 3)
    link = "%s-%s" % (holder_of(context) if name == "execution" else name, to)
    how = context.random.choice(["cut", "hold", "refuse", "half", "commit"])
    if how == "commit" and not link.endswith("-pg"):
        how = "half"
    if how == "commit" and name == "execution" and context.random.random() < 0.7:
        how = "claim"
    ms = context.random.choice([200, 1000, 3000])
    context.targets.add(link)
    context.stack.happened.pop(link, None)
    context.stack.net(how, link, ms)
    context.cuts += 1
    context.log("net", n=context.number, link=link, how=how, ms=ms)
    if how in ("half", "commit", "claim"):
        wait_until(3, lambda: link in context.stack.happened)
        context.stack.net("disarm", link)
    else:
        time.sleep(ms / 1000)


def full_disk(context):
    """The file system of NATS or of PostgreSQL is full for a while; then its server is started afresh."""
    if not context.stack.mounts:
        return
    path = context.random.choice(context.stack.mounts)
    name = "nats" if path.endswith("nats") else "postgres"
    for_s = context.random.choice([1.0, 3.0])
    context.targets.add(name)
    with context.stack.fill_lock:
        used = os.statvfs(path)
        kept = (used.f_blocks - used.f_bfree) * used.f_frsize
        subprocess.run(["mount", "-o", "remount,size=%d" % max(kept, 65536), path], check=False)
        context.cuts += 1
        context.log("full_disk", n=context.number, target=name, bytes=kept, seconds=for_s)
        time.sleep(for_s)
        subprocess.run(["mount", "-o", "remount,size=6g", path], check=False)
    if name == "nats":
        kill_now(context, "nats")


def torn_stream(context):
    """What a power loss leaves of JetStream: a torn tail, an empty block, a flipped bit, or a lost stream."""
    stack = context.stack
    context.targets.add("nats")
    pid = stack.pid("nats")
    stack.s6("-d", ["nats"])
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until(5, lambda: not stack.pid("nats"))
    blocks = [p for p in glob.glob(stack.run + "/nats/jetstream/*/streams/*/msgs/*.blk") if os.path.getsize(p) > 0]
    how = context.random.choice(["tail", "tail", "empty", "flip", "lost"])
    name = ""
    if blocks:
        path = context.random.choice(sorted(blocks))
        name = path.split("/streams/")[1].split("/")[0]
        size = os.path.getsize(path)
        if how == "tail":
            os.truncate(path, size - context.random.randint(1, max(1, min(size - 1, 4096))))
        elif how == "empty":
            os.truncate(path, 0)
        elif how == "flip":
            with open(path, "r+b") as file:
                at = context.random.randrange(size)
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ (1 << context.random.randrange(8))]))
        else:
            subprocess.run(["rm", "-rf", path.split("/msgs/")[0]], check=False)
    context.kills += 1
    context.log("torn_stream", n=context.number, how=how, stream=name)
    stack.s6("-u", ["nats"])
    if how in ("lost", "flip", "empty"):
        wait_until(8, lambda: stack.provision())


ACTIONS = [(fp_kill, 46), (fp_stop, 8), (fp_error, 5), (fp_delay, 4), (kill_service, 20), (kill_two, 4),
           (stop_service, 5), (stop_postgres, 1), (kill_nats, 3), (kill_postgres, 3), (power_button, 1), (net_cut, 9),
           (full_disk, 1), (torn_stream, 2)]


def choose(seed, number):
    """The action of this number: the same for the same seed, whatever happened before."""
    chooser = random.Random("%s/%d/choice" % (seed, number))
    without = os.environ.get("CHAOS_WITHOUT", "").split(",")
    left = [(action, weight) for action, weight in ACTIONS if action.__name__ not in without]
    return chooser.choices([action for action, _ in left], [weight for _, weight in left])[0]
