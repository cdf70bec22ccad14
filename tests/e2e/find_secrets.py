"""Looks for secrets where they must not be.

find_secrets.py memory SECRETS_FILE PID…    prints "PID NAME" of each process that has one in its memory
find_secrets.py files SECRETS_FILE FOLDER…  prints each file that holds one
Only pages that are in memory are read.
"""
import array
import os
import sys

CHUNK = 1 << 22
PAGE = os.sysconf("SC_PAGESIZE")


def needles(path):
    out = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            out.append(line.split()[0].encode())
    return out


def has_any(read, wanted, begin, end):
    """Chunks overlap, so that no secret is cut by their borders."""
    longest = max(map(len, wanted))
    at = begin
    while at < end:
        try:
            part = read(at, min(CHUNK + longest, end - at))
        except (OSError, ValueError, OverflowError):
            part = b""
        if any(part.find(needle) >= 0 for needle in wanted):
            return True
        at += CHUNK
    return False


def mappings(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            words = line.split()
            if words[1].startswith("r") and "[v" not in line:
                yield tuple(int(part, 16) for part in words[0].split("-"))


def resident(pagemap, begin, end):
    """Runs of pages that are in memory or in swap."""
    pages = array.array("Q")
    pages.frombytes(os.pread(pagemap, (end - begin) // PAGE * 8, begin // PAGE * 8))
    start = None
    for i, page in enumerate(pages):
        if page >> 62:
            start = i if start is None else start
        elif start is not None:
            yield begin + start * PAGE, begin + i * PAGE
            start = None
    if start is not None:
        yield begin + start * PAGE, end


def memory(pid, wanted):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        return any(has_any(lambda at, size: os.pread(file.fileno(), size, at), wanted, *run)
                   for mapping in mappings(pid)
                   for run in resident(pagemap.fileno(), *mapping))


def main():
    what, secrets = sys.argv[1:3]
    wanted = needles(secrets)
    if what == "memory":
        searched = 0
        for pid in sys.argv[3:]:
            try:
                name = open(f"/proc/{pid}/comm", encoding="ascii").read().strip()
                started = b"".join(open(f"/proc/{pid}/{part}", "rb").read()
                                   for part in ("cmdline", "environ"))
                if memory(pid, wanted) or any(needle in started for needle in wanted):
                    print(pid, name)
                searched += 1
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended meanwhile
        print(searched, "searched", file=sys.stderr)
        return
    for folder in sys.argv[3:]:
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                if not os.path.isfile(path) or os.path.islink(path):
                    continue
                with open(path, "rb", buffering=0) as file:
                    size = os.fstat(file.fileno()).st_size
                    if has_any(lambda at, count: os.pread(file.fileno(), count, at), wanted, 0, size):
                        print(path)


main()
