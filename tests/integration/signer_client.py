"""A client of the signer's sockets written from the frames' description, not from our code.

signer_client.py SOCKET OP [account=…] [venue=…] [purpose=N] [payload=…] [key=…] [secret=…] [times=N]
    prints the status name (and the text) of the last answer
signer_client.py SOCKET garbage SEED
    sends malformed frames on many connections; prints how many were answered or closed
"""
import random
import socket
import struct
import sys

OPS = {"sign": 1, "describe": 2, "add": 3, "list": 4, "remove": 5, "rotate": 6}
STATUS = ["ok", "bad_frame", "denied", "no_key", "refused", "limited", "disabled", "bad_key",
          "unreachable", "failed"]


def short(text):
    raw = text.encode()
    return bytes([len(raw)]) + raw


def frame(op, number, account="main", venue="binance", key="", secret="", purpose=1, payload=""):
    raw = payload.encode()
    body = (short(account) + short(venue) + short(key) + short(secret) + bytes([purpose])
            + struct.pack("<H", len(raw)) + raw)
    return b"CS" + bytes([1, op]) + struct.pack("<II", number, len(body)) + body


def read(link, size):
    out = b""
    while len(out) < size:
        part = link.recv(size - len(out))
        if not part:
            raise EOFError
        out += part
    return out


def answer(link):
    head = read(link, 12)
    assert head[:3] == b"CS\x01" and head[3] & 0x80, head
    number, size = struct.unpack("<II", head[4:])
    body = read(link, size)
    key_size = body[1]
    key = body[2:2 + key_size].decode()
    text_size, = struct.unpack("<H", body[2 + key_size:4 + key_size])
    text = body[4 + key_size:]
    assert len(text) == text_size
    return number, STATUS[body[0]], key, text.decode()


def connect(path):
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(20)
    link.connect(path)
    return link


def is_ended(link):
    """True when the signer answers or hangs up, and does not just sit there."""
    link.shutdown(socket.SHUT_WR)
    try:
        while link.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def garbage(path, seed):
    chance = random.Random(seed)
    good = frame(1, 7, payload="symbol=BTCUSDT&recvWindow=1&timestamp=1")
    ended = 0
    for i in range(300):
        bad = bytearray(good)
        kind = i % 5
        if kind == 0:
            bad = bytearray(chance.randbytes(chance.randrange(1, 20000)))
        elif kind == 1:
            bad = bad[:chance.randrange(len(bad))]
        elif kind == 2:
            bad[chance.randrange(12)] = chance.randrange(256)
        elif kind == 3:
            bad[12 + chance.randrange(len(bad) - 12)] = chance.randrange(256)
        else:
            bad[8:12] = struct.pack("<I", chance.choice([8181, 2**31, 2**32 - 1, 0]))
        link = connect(path)
        try:
            link.sendall(bytes(bad))
        except (BrokenPipeError, ConnectionResetError):
            pass
        ended += is_ended(link)
        link.close()
    print(ended)


def main():
    path, what = sys.argv[1:3]
    if what == "garbage":
        garbage(path, int(sys.argv[3]))
        return
    options = dict(word.split("=", 1) for word in sys.argv[3:])
    times = int(options.pop("times", "1"))
    if "purpose" in options:
        options["purpose"] = int(options["purpose"])
    link = connect(path)
    for number in range(1, times + 1):
        link.sendall(frame(OPS[what], number, **options))
        got, status, key, text = answer(link)
        assert got == number
    print(status, key, text)


main()
