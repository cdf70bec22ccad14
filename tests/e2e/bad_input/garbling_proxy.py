#!/usr/bin/env python3
"""An exchange that talks nonsense: stands before the simulator and spoils what comes back.

    garbling_proxy.py UPSTREAM_PORT PORT_FILE EVERY

Of the HTTP answers, and of the WebSocket frames of each connection, every EVERY-th is replaced by garbage;
the others pass. EVERY = 1 forwards nothing at all; EVERY = orders spoils each answer to a new order, after the
exchange has taken it, and nothing else. What is garbage is visibly so (broken JSON, wrong types,
cut or lying HTTP, frames that no WebSocket may carry): a false but well-formed price is what nobody can tell.
The port goes to PORT_FILE, one line per spoiled message to stdout.
"""
import base64
import hashlib
import http.client
import itertools
import os
import socket
import struct
import sys
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXTS = [
    b"",
    b"not json at all",
    b'{"symbols":',
    b"[]",
    b"{}",
    b"null",
    b'{"code":"zero","msg":5}',
    b'{"symbols":5,"bids":"none","serverTime":"yesterday","balances":{},"orderId":-1}',
    b'{"serverTime":1e999,"lastUpdateId":99999999999999999999,"bids":[["1"]],"asks":[[1,2]]}',
    b'[[1,"2"],[]]',
    b'[{"id":null,"price":"NaN","qty":"Infinity","time":"x"}]',
    b'{"stream":"btcusdt@trade","data":null}',
    b'{"stream":5,"data":{"e":"trade","s":"BTCUSDT","p":"-1","q":"","t":"a","T":0}}',
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","U":5,"u":1,"b":[["x","y"]],"a":0}}',
    b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","k":{"o":"1","h":"0","l":"2"}}}',
    b'{"event":{"e":"executionReport","s":5,"c":null}}',
    b'{"subscriptionId":"x","event":{"e":"executionReport","s":"BTCUSDT","i":"seven","X":"LIVING"}}',
    b'{"id":null,"status":"fine","result":[]}',
    b"\xff\xfe\x00\x01\x80 not utf-8",
    b'{"a":"\xc3\x28"}',
    b"[" * 100_000,
    b'{"x":' * 20_000,
    b'{"pad":"' + b"A" * 300_000,
]
numbers = itertools.count()  # which garbage
turns = itertools.count(1)  # HTTP answers so far
lock = threading.Lock()


def tell(what):
    with lock:
        print(what, flush=True)


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            return None, b""
        head += chunk
    return head.split(b"\r\n\r\n", 1)


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    headers = [line.split(":", 1) for line in lines[1:] if ":" in line]
    return lines[0].split(" "), {name.strip().lower(): value.strip() for name, value in headers}


def answer(status, body, headers=()):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def spoil_answer(connection, method, path):
    """Sends one spoiled HTTP answer. False: the connection is over."""
    number = next(numbers)
    body = TEXTS[number % len(TEXTS)]
    kinds = [
        ("wrong body", answer("200 OK", body, [("Content-Type", "application/json")]), True),
        ("cut body", answer("200 OK", b"x" * 100)[:-60], False),
        ("no HTTP", b"SSH-2.0-dropbear\r\n", False),
        ("silent end", b"", False),
        ("error page", answer("502 Bad Gateway", b"<html>" + body[:2000]), True),
        ("bad throttle", answer("429 Too Many Requests", body[:2000], [("Retry-After", "soon")]), True),
        ("bad length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + body[:2000], False),
        ("wrong body", answer("200 OK", body), True),
        ("wrong body", answer("200 OK", body), True),
    ]
    name, text, is_open = kinds[number % len(kinds)]
    tell(f"http {method} {path.split('?')[0]}: {name}")
    connection.sendall(text)
    return is_open


def forward(upstream, method, path, headers, body):
    link = http.client.HTTPConnection("127.0.0.1", upstream, timeout=10)
    kept = {name: value for name, value in headers.items() if name not in ("connection", "content-length", "host")}
    link.request(method, path, body=body or None, headers=kept)
    reply = link.getresponse()
    payload = reply.read()
    passed = [(name, value) for name, value in reply.getheaders()
              if name.lower().startswith(("x-", "retry-after", "content-type", "date"))]
    link.close()
    return answer(f"{reply.status} {reply.reason}", payload, passed)


# ---- WebSocket ----

def frame(opcode, payload, is_final=True):
    head = bytes([(0x80 if is_final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


def spoil_frame(connection):
    """Sends one spoiled frame, all kinds of wrong text in turn. False: after this one no peer goes on listening."""
    number = next(numbers)
    fatal = [
        ("reserved opcode", frame(0x3, b"?")),
        ("wild length", b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("wrong close", frame(8, b"\x00")),
    ]
    if number % (len(TEXTS) + 2) == len(TEXTS) + 1:
        name, data = fatal[number // (len(TEXTS) + 2) % len(fatal)]
        is_open = False
    elif number % (len(TEXTS) + 2) == len(TEXTS):
        name, data, is_open = "binary", frame(2, b"\x00\x01" * 500), True
    else:
        name, data, is_open = "wrong text", frame(1, TEXTS[number % len(TEXTS)]), True
    tell(f"ws: {name}")
    connection.sendall(data)
    return is_open


def nonsense_socket(connection, headers):
    key = headers.get("sec-websocket-key", "").encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    connection.sendall((
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
    done = threading.Event()
    while spoil_frame(connection):
        done.wait(0.05)


def read_exactly(source, size):
    data = b""
    while len(data) < size:
        chunk = source.recv(min(65536, size - len(data)))
        if not chunk:
            raise ConnectionError
        data += chunk
    return data


def pump_frames(source, connection, every):
    """Server to client, frame by frame; every n-th text frame is spoiled."""
    seen = 0
    while True:
        head = read_exactly(source, 2)
        size = head[1] & 0x7F
        extra = read_exactly(source, {126: 2, 127: 8}.get(size, 0))
        if extra:
            size = int.from_bytes(extra, "big")
        payload = read_exactly(source, size)
        seen += (head[0] & 0x0F) == 1
        if every > 0 and (head[0] & 0x0F) == 1 and seen % every == 0:
            if not spoil_frame(connection):
                return
        else:
            connection.sendall(head + extra + payload)


def pump_bytes(source, sink):
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    finally:
        shut(sink)
        shut(source)


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def spoiled_socket(connection, head, rest, upstream, every):
    link = socket.create_connection(("127.0.0.1", upstream))
    link.sendall(head + b"\r\n\r\n" + rest)
    reply, first = read_head(link)
    if reply is None:
        return
    connection.sendall(reply + b"\r\n\r\n")
    threading.Thread(target=pump_bytes, args=(connection, link), daemon=True).start()
    source = Prefixed(link, first)
    try:
        pump_frames(source, connection, every)
    finally:
        shut(link)
        link.close()


class Prefixed:
    """A socket whose first bytes were read already."""

    def __init__(self, link, first):
        self.link = link
        self.first = first

    def recv(self, size):
        if self.first:
            head, self.first = self.first[:size], self.first[size:]
            return head
        return self.link.recv(size)


def is_spoiled(every, method, path):
    if every == 0:
        return method == "POST" and path.split("?")[0] == "/api/v3/order"
    return next(turns) % every == 0


def serve(connection, upstream, every):
    is_open = True
    while is_open:
        head, rest = read_head(connection)
        if head is None:
            return
        (method, path, *_), headers = parse_head(head)
        if headers.get("upgrade", "").lower() == "websocket":
            if every == 1:
                nonsense_socket(connection, headers)
            else:
                spoiled_socket(connection, head, rest, upstream, every)
            return
        size = int(headers.get("content-length", "0"))
        body = rest + (read_exactly(connection, size - len(rest)) if len(rest) < size else b"")
        if headers.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        reply = forward(upstream, method, path, headers, body) if every != 1 else b""
        # The request has reached the exchange; only its answer is lost.
        if is_spoiled(every, method, path):
            is_open = spoil_answer(connection, method, path)
        else:
            connection.sendall(reply)


def serve_safely(connection, upstream, every):
    try:
        serve(connection, upstream, every)
    except (OSError, ValueError, http.client.HTTPException):
        pass
    finally:
        shut(connection)
        connection.close()


def main():
    upstream, port_file = int(sys.argv[1]), sys.argv[2]
    every = 0 if sys.argv[3] == "orders" else int(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0))
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_safely, args=(connection, upstream, every), daemon=True).start()


if __name__ == "__main__":
    main()
