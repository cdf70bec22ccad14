"""A small proxy between a service and what it talks to, so that a network can be cut.

It reads one line of JSON with the links from standard input, answers "ready", and then obeys one line each:

    cut LINK            every connection of the link is reset now
    hold LINK MS        nothing passes in either direction for MS milliseconds
    refuse LINK MS      new connections are reset for MS milliseconds, present ones now
    half LINK           the next request passes by half, then its connection is reset
    commit LINK         the next answer to COMMIT is swallowed and its connection reset
    claim LINK          the same for the answer to the claim of an order

An address is a port number of 127.0.0.1 or the path of a Unix socket. Once an armed cut (half, commit, claim)
has happened, "happened LINK" is printed. Knows nothing of the services.
"""
import json
import os
import selectors
import socket
import struct
import sys
import time

CHUNK = 262144
QUEUE_MAX = 8 * 1024 * 1024
ANSWERS = {"commit": b"COMMIT\x00", "claim": b"claim_nonce\x00"}  # what PostgreSQL's answer holds


def connect(address):
    if isinstance(address, int):
        sock = socket.create_connection(("127.0.0.1", address), timeout=2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(address)
    return sock


def listen(address):
    if isinstance(address, int):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", address))
    else:
        os.makedirs(os.path.dirname(address), exist_ok=True)
        if os.path.exists(address):
            os.unlink(address)
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(address)
        os.chmod(address, 0o777)
    sock.listen(64)
    sock.setblocking(False)
    return sock


class End:
    """One socket of a pair; what waits for it is in queue."""

    def __init__(self, sock, link, is_client):
        self.sock, self.link, self.is_client = sock, link, is_client
        self.peer = None
        self.queue = bytearray()
        self.is_ended = False  # the peer has said its last word


class Link:
    def __init__(self, name, spec):
        self.name, self.target = name, spec["target"]
        self.listener = listen(spec["listen"])
        self.ends = set()
        self.hold_until = 0.0
        self.refuse_until = 0.0
        self.armed = ""


class Proxy:
    def __init__(self, specs):
        self.selector = selectors.DefaultSelector()
        self.links = {name: Link(name, spec) for name, spec in specs.items()}
        for link in self.links.values():
            self.selector.register(link.listener, selectors.EVENT_READ, link)
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, None)
        self.input = b""

    def want(self, end):
        now = time.monotonic()
        is_held = now < end.link.hold_until
        events = 0
        if not is_held and end.peer is not None and len(end.peer.queue) < QUEUE_MAX:
            events |= selectors.EVENT_READ
        if not is_held and end.queue:
            events |= selectors.EVENT_WRITE
        try:
            if events:
                try:
                    self.selector.modify(end.sock, events, end)
                except KeyError:
                    self.selector.register(end.sock, events, end)
            else:
                self.selector.unregister(end.sock)
        except (KeyError, ValueError):
            pass

    def close(self, end, is_reset):
        if end not in end.link.ends:
            return
        for one in (end, end.peer):
            one.link.ends.discard(one)
            try:
                self.selector.unregister(one.sock)
            except (KeyError, ValueError):
                pass
            if is_reset:
                try:
                    one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                except OSError:
                    pass
            one.sock.close()

    def accept(self, link):
        try:
            client, _ = link.listener.accept()
        except OSError:
            return
        if time.monotonic() < link.refuse_until:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return
        try:
            server = connect(link.target)
        except OSError:
            client.close()
            return
        ends = [End(client, link, True), End(server, link, False)]
        ends[0].peer, ends[1].peer = ends[1], ends[0]
        for end in ends:
            end.sock.setblocking(False)
            link.ends.add(end)
        for end in ends:
            self.want(end)

    def trip(self, end, data):
        """An armed cut: true when the connection is gone."""
        link = end.link
        if link.armed == "half" and end.is_client and len(data) > 64:
            end.peer.queue += data[: len(data) // 2]
            self.write(end.peer)
        elif link.armed in ANSWERS and not end.is_client and ANSWERS[link.armed] in data:
            pass
        else:
            return False
        link.armed = ""
        self.close(end, True)
        print("happened", link.name, flush=True)
        return True

    def read(self, end):
        try:
            data = end.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.close(end, True)
            return
        if not data:
            if end.queue or end.peer.queue:
                self.write(end.peer)
            self.close(end, False)
            return
        if end.link.armed and self.trip(end, data):
            return
        end.peer.queue += data
        self.write(end.peer)

    def write(self, end):
        try:
            while end.queue:
                sent = end.sock.send(end.queue)
                del end.queue[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.close(end, True)
            return
        if end in end.link.ends:
            self.want(end)
            self.want(end.peer)

    def obey(self, words):
        link = self.links.get(words[1]) if len(words) > 1 else None
        if link is None:
            return
        now = time.monotonic()
        if words[0] in ("cut", "refuse"):
            if words[0] == "refuse":
                link.refuse_until = now + int(words[2]) / 1000
            for end in list(link.ends):
                self.close(end, True)
        elif words[0] == "hold":
            link.hold_until = now + int(words[2]) / 1000
            for end in list(link.ends):
                self.want(end)
        elif words[0] in ("half", "commit", "claim"):
            link.armed = words[0]
        elif words[0] == "disarm":
            link.armed = ""

    def take_input(self):
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        self.input += data
        while b"\n" in self.input:
            line, self.input = self.input.split(b"\n", 1)
            self.obey(line.decode().split())

    def run(self):
        while True:
            for key, events in self.selector.select(0.05):
                if key.fd == 0:
                    self.take_input()
                elif isinstance(key.data, Link):
                    self.accept(key.data)
                elif key.data in key.data.link.ends:
                    if events & selectors.EVENT_WRITE:
                        self.write(key.data)
                    if events & selectors.EVENT_READ and key.data in key.data.link.ends:
                        self.read(key.data)
            now = time.monotonic()
            for link in self.links.values():
                if link.hold_until and now >= link.hold_until:
                    link.hold_until = 0.0
                    for end in list(link.ends):
                        self.want(end)


def main():
    proxy = Proxy(json.loads(sys.stdin.buffer.readline()))
    print("ready", flush=True)
    proxy.run()


main()
