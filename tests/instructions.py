#!/usr/bin/env python3
"""What inflight's clients add to their libraries, in instructions for a request, part by part.

Runs each client with probes and without, and the bare program of its library (`programs/bare/`), under callgrind
against one delay server: no delays, bodies of 1 kB, 64 in flight or 16 threads. Counts instructions in user space
by the file that they were written in, also where they were inlined. The difference between 14 000 and 4 000
requests is that of 10 000; what follows the window, such as writing rows, is within it.

    tests/instructions.py [hyper] [reqwest] [ureq]

Prints a table in Markdown for each. Needs valgrind; builds into target/instructions. Takes ten minutes, most of it
a build with line tables. Counts do not depend on the machine's load.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "target" / "instructions"
CLIENTS = {"hyper": ("async-workers", 64), "reqwest": ("async-workers", 64), "ureq": ("thread-pool", 16)}
FEW, MANY = 4_000, 14_000
# Parts of inflight, by the first that a path matches.
PARTS = (
    (r"/probe\.rs|/progress\.rs", "inflight: probes"),
    (r"src/client/(record|log|output)|src/record/", "inflight: rows"),
    (r"src/client/outcome|src/payload", "inflight: checks of the answer"),
    (r"src/strategy/(model|work|own_work)", "inflight: models"),
    (r"src/strategy/library", "inflight: calls of the library"),
    (r"^(?!/).*src/|^" + re.escape(str(ROOT)) + r"/src/", "inflight: the rest"),
)
# A difference below this many instructions is summed up with its like.
SMALL = 60


def part_of(path, obj):
    """The crate that a file is of; of inflight the part."""
    if found := re.search(r"/registry/src/[^/]+/(.+?)-\d[^/]*/", path):
        name = found[1]
        return "inflight: checks of the answer" if name == "crc32fast" else name
    if re.search(r"/library/(core|alloc|std)/|/rustc/", path):
        return "std"
    for pattern, name in PARTS:
        if path.endswith(".rs") and re.search(pattern, path):
            return name
    return "libc" if "libc" in obj or path.endswith((".c", ".S", ".h")) else "others"


def instructions(command, env):
    """Instructions of a process by part."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command],
            check=True, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        names, parts = {}, collections.Counter()
        file = obj = part = ""
        skip = False
        for line in out.open(errors="replace"):
            if m := re.match(r"(c?)(ob|fl|fi|fe|fn)=\((\d+)\)(?: (.*))?", line):
                called, kind, number, name = m.groups()
                space = "fn" if kind == "fn" else "ob" if kind == "ob" else "file"
                if name is not None:
                    names[space, number] = name
                if called or kind == "fn":
                    continue
                if kind == "ob":
                    obj = names[space, number]
                else:
                    file = names[space, number]
                part = part_of(file, obj)
            elif line.startswith("calls="):
                skip = True
            elif re.match(r"[\d+*-]", line):
                if not skip:
                    parts[part] += int(line.split()[1])
                skip = False
        assert sum(parts.values()) > 1_000_000, command
        return parts


def for_a_request(command, env=lambda requests: {}):
    few, many = (instructions(command(n), env(n)) for n in (FEW, MANY))
    return {part: (many[part] - few[part]) / (MANY - FEW) for part in many}


def table(client, address):
    model, limit = CLIENTS[client]
    release = TARGET / "release"
    load = lambda *more: lambda n: [release / "examples" / "load", address, model, client, str(limit), str(n), "1000", *more]
    bare_env = lambda n: {
        "INFLIGHT_URL": f"http://{address}", "INFLIGHT_LIMIT": str(limit), "INFLIGHT_REQUESTS": str(n)
    }
    columns = [
        for_a_request(lambda n: [release / f"bare-{client}"], bare_env),
        for_a_request(load("--no-probes")),
        for_a_request(load()),
    ]
    rows, small = [], [0.0, 0.0, 0.0]
    for part in set().union(*columns):
        counts = [column.get(part, 0) for column in columns]
        if max(abs(count - counts[0]) for count in counts) < SMALL:
            small = [a + b for a, b in zip(small, counts)]
        else:
            rows.append((part, counts))
    rows.sort(key=lambda row: row[1][0] - row[1][2])
    rows += [("all others", small), ("**sum**", [sum(column.values()) for column in columns])]
    count = lambda number: f"{number:,.0f}".replace(",", " ")
    print(f"| {client}, {limit} at once | bare | without probes | with | beyond bare |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for part, (bare, without, probes) in rows:
        print(f"| {part} | {count(bare)} | {count(without)} | {count(probes)} | {count(probes - bare)} |")
    print(flush=True)


def main(clients):
    build = ["cargo", "build", "--locked", "--release", "--target-dir", TARGET]
    lines = os.environ | {"CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only"}
    for what in (["--bin", "inflight", "--example", "load"], ["-p", "inflight-bare"]):
        subprocess.run([*build, *what], check=True, cwd=ROOT, env=lines)
    serve = [TARGET / "release" / "inflight", "serve", "--port", "0", "--delay", "0s", "--body", "1000B"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        address = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())[0]
        for client in clients or CLIENTS:
            table(client, address)
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    main(sys.argv[1:])
