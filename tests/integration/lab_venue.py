"""A venue's public side for download tests: /api/v3 from a CSV of 12 columns, and files of an archive.

    lab_venue.py ROWS.csv FOLDER   prints its port; each answer takes 4 ms, so that a kill lands within a
                                   download; /control?fault=limit|error|cut|weight makes the next answer one
"""
import http.server
import json
import os
import sys
import time
import urllib.parse

ROWS = [line.rstrip("\n").split(",") for line in open(sys.argv[1], encoding="ascii")]
TIMES = [int(row[0]) for row in ROWS]
FOLDER = sys.argv[2]
FAULTS = []
ASKED = {"klines": 0, "waited_since": None}


def kline(row):
    return [int(row[0])] + row[1:6] + [int(row[6]), row[7], int(row[8]), row[9], row[10], "0"]


def trades(query):
    """One trade a row, with ids from 100."""
    limit = int(query.get("limit", ["500"])[0])
    if "fromId" in query:
        first = int(query["fromId"][0]) - 100
    else:
        start = int(query.get("startTime", ["0"])[0])
        first = next((i for i, at in enumerate(TIMES) if at >= start), len(TIMES))
    return [{"a": 100 + i, "p": ROWS[i][1], "q": "0.5", "f": i, "l": i, "T": TIMES[i], "m": i % 2 == 0, "M": True}
            for i in range(first, min(first + limit, len(ROWS)))]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fault(self):
        kind = FAULTS.pop(0)
        if kind == "limit":
            self.answer(429, b'{"code":-1003,"msg":"Too many requests"}', [("Retry-After", "1")])
        elif kind == "error":
            self.answer(503, b"busy")
        else:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b'[[1,"2"')
            self.close_connection = True

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/control":
            FAULTS.append(query["fault"][0])
            self.answer(200, b"{}")
            return
        time.sleep(0.004)
        if FAULTS and url.path != "/api/v3/time":
            self.fault()
            return
        if url.path == "/api/v3/time":
            # the last candle is still open
            self.answer(200, json.dumps({"serverTime": TIMES[-1] + 30000}).encode())
        elif url.path == "/api/v3/klines":
            if query["symbol"][0] != "BTCUSDT":
                self.answer(400, b'{"code":-1121,"msg":"Invalid symbol."}')
                return
            start = int(query.get("startTime", ["0"])[0])
            first = next((i for i, at in enumerate(TIMES) if at >= start), len(TIMES))
            page = [kline(row) for row in ROWS[first:first + int(query.get("limit", ["500"])[0])]]
            self.answer(200, json.dumps(page).encode(), [("X-MBX-USED-WEIGHT-1M", "2")])
        elif url.path == "/api/v3/aggTrades":
            self.answer(200, json.dumps(trades(query)).encode())
        else:
            path = os.path.normpath(FOLDER + url.path)
            if path.startswith(FOLDER) and os.path.isfile(path):
                self.answer(200, open(path, "rb").read())
            else:
                self.answer(404, b"NoSuchKey")


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that was killed


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
