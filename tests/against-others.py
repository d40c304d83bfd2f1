#!/usr/bin/env python3
"""Compares our clients with wrk and oha: the same server, the same pinning, rounds in turn.

Needs wrk and oha in the PATH (Debian: wrk; `cargo install oha --locked`), and two CPUs: the delay server
runs on the second, each load generator on the first. With `ab` in the PATH (Debian: apache2-utils) and
aiohttp in Python (PYTHON names one), these are compared too. Prints requests per second and CPU time per
request of the load generator, medians over the rounds, and ratios: medians of those within a round, with the
lowest and the highest. Every request of our clients is checked and recorded, and its row written.

    cargo build --release --bin inflight && cargo build --profile dist --example load
    tests/against-others.py [ROUNDS [TOOL...]]        # such as: 20 wrk oha hyper

With PROFILE=release our clients are built as oha is by default: `cargo build --release --example load`.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
PROFILE = os.environ.get("PROFILE", "dist")
CONNECTIONS = 64
REQUESTS = 200_000
BODY = 1_000
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
PYTHON = os.environ.get("PYTHON", sys.executable)
AIOHTTP = Path(__file__).with_name("aiohttp_semaphore.py")
CHOSEN = sys.argv[2:]
OURS = ["hyper", "reqwest"]


def run(command):
    """Runs a command on the first CPU; gives its output, wall time and CPU time in seconds."""
    begin = time.monotonic()
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.PIPE)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed")
    return output, time.monotonic() - begin, usage.ru_utime + usage.ru_stime


def wrk(address):
    # wrk knows a duration only: it is chosen so that it issues about as many requests.
    output, _, cpu = run(["wrk", "-t1", f"-c{CONNECTIONS}", "-d4s", f"http://{address}/0"])
    requests = int(re.search(r"(\d+) requests in", output)[1])
    if "Socket errors" in output or "Non-2xx" in output:
        sys.exit(f"wrk met errors:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), cpu / requests


def oha(address):
    flags = ["--no-tui", "--output-format", "json", "-n", str(REQUESTS), "-c", str(CONNECTIONS)]
    output, _, cpu = run(["oha", *flags, f"http://{address}/0"])
    summary = json.loads(output)
    if summary["statusCodeDistribution"] != {"200": REQUESTS}:
        sys.exit(f"oha met errors: {summary['statusCodeDistribution']}")
    return summary["summary"]["requestsPerSec"], cpu / REQUESTS


def ab(address):
    flags = ["-q", "-k", "-c", str(CONNECTIONS), "-n", str(REQUESTS)]
    output, _, cpu = run(["ab", *flags, f"http://{address}/0"])
    if not re.search(r"Failed requests:\s+0\n", output) or "Non-2xx" in output:
        sys.exit(f"ab met errors:\n{output}")
    return float(re.search(r"Requests per second:\s+([\d.]+)", output)[1]), cpu / REQUESTS


def aiohttp(address):
    # A tenth of the requests: it holds a task for each, and needs several times as long.
    requests = REQUESTS // 10
    output, _, _ = run([PYTHON, AIOHTTP, address, str(requests), str(CONNECTIONS)])
    told = json.loads(output)
    if told["wrong"]:
        sys.exit(f"aiohttp met {told['wrong']} wrong answers")
    return told["rate"], told["cpu_s"] / requests


def has_aiohttp():
    return subprocess.run([PYTHON, "-c", "import aiohttp"], stderr=subprocess.DEVNULL).returncode == 0


def ours(client):
    def load(address):
        with tempfile.TemporaryDirectory() as folder:
            settings = ["async-workers", client, CONNECTIONS, REQUESTS, BODY, f"{folder}/rows.csv.zst"]
            output, _, _ = run([TARGET / PROFILE / "examples" / "load", address, *map(str, settings)])
        report = json.loads(output)
        if report["ok"] != REQUESTS:
            sys.exit(f"{client} met errors: {report['errors']}")
        cpu_ns = report["cpu_user_ns"] + report["cpu_sys_ns"]
        return REQUESTS / report["wall_ns"] * 1e9, cpu_ns / 1e9 / REQUESTS

    return load


def main():
    serve = ["taskset", "-c", "1", TARGET / "release" / "inflight", "serve", "--delay", "0s", "--body", f"{BODY}B"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        address = server.stdout.readline().decode().strip().removeprefix("http://").rstrip("/")
        tools = {"wrk": wrk, "oha": oha}
        tools |= {"ab": ab} if shutil.which("ab") else {}
        tools |= {"aiohttp": aiohttp} if has_aiohttp() else {}
        tools |= {client: ours(client) for client in OURS}
        if unknown := set(CHOSEN) - set(tools):
            sys.exit(f"not here: {', '.join(unknown)}; there are {', '.join(tools)}")
        tools = {name: tool for name, tool in tools.items() if not CHOSEN or name in CHOSEN}
        seen = {name: [] for name in tools}
        for each in range(ROUNDS):
            # Another one begins each round: none always comes after the same.
            order = list(tools)[each % len(tools):] + list(tools)[: each % len(tools)]
            for name in order:
                seen[name].append(tools[name](address))
    finally:
        server.terminate()
        server.communicate()
    others = [name for name in ("wrk", "oha") if name in tools]
    ratios = [(f"{what} ÷ {other}", i, other) for other in others for i, what in enumerate(("rate", "CPU"))]
    heads = ["load generator", "requests/s", "CPU per request", *(head for head, _, _ in ratios)]
    print(f"| {' | '.join(heads)} |")
    print(f"|{' --- |' * len(heads)}")
    for name, all in seen.items():
        rate, cpu = (statistics.median(one[i] for one in all) for i in (0, 1))
        cells = [name, f"{rate:,.0f}", f"{cpu * 1e6:.1f} µs"]
        for _, i, other in ratios:
            # The machine's speed changes from minute to minute: only what one round saw is compared.
            within = [one[i] / its[i] for one, its in zip(all, seen[other])]
            cells.append(f"{statistics.median(within):.2f} ({min(within):.2f}–{max(within):.2f})")
        print(f"| {' | '.join(cells)} |")


main()
