"""A proxy that treats each kind of call badly before it lets it through: too many requests, trouble, and an answer that
is lost after the call was done. Usage: lossy_proxy.py http://127.0.0.1:PORT; prints its own address."""
import http.client
import http.server
import sys
import urllib.parse

target = urllib.parse.urlsplit(sys.argv[1]).netloc
seen = {}


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward(self):
        path = self.path.split("?")[0]
        kind = self.command + path if "/mlflow/" in path else self.command
        times = seen[kind] = seen.get(kind, 0) + 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if times == 1:
            self.send(429, b"{}", [("Retry-After", "0")])
            return
        if times == 2:
            self.send(503, b"not now", [("Retry-After", "0")])
            return
        peer = http.client.HTTPConnection(target)
        peer.request(self.command, self.path, body, {"Content-Type": self.headers.get("Content-Type", "")})
        answer = peer.getresponse()
        content = answer.read()
        if times == 3:
            self.close_connection = True  # done, but nobody is told
            return
        self.send(answer.status, content, [("Content-Type", "application/json")])

    do_GET = do_POST = do_PUT = forward


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
