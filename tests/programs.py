#!/usr/bin/env python3
"""Do the programs under programs/ keep the contract of docs/programs.md?

Runs every one whose tools are here, with every combination of its settings, against a server of its own on
loopback, and the example of that page. Takes a minute or two. Needs Python 3.11; `programs/setup.sh` prepares the programs. One that
cannot run here is skipped with the reason, but never one in Python.

    tests/programs.py [NAME...]
"""

import collections
import csv
import http.server
import itertools
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BODY = b"x" * 1000
# Far beyond what any of this takes. A program that hangs is ended then.
PATIENCE_S = 60
ONE_AT_A_TIME = ("way=loop", "way=session")
# They heed `max_connections`.
BOUNDED = ("aiohttp", "aiohttp-on-arrival", "httpx", "go-net-http")
INTERPRETERS = {"python": "python3", "node": "node", "java": "java", "go": "go"}


class Server(http.server.ThreadingHTTPServer):
    """Answers `/i`. Holds the first answers until `expected` requests are in flight, or for good long."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, expected, faults=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.expected, self.faults = expected, dict(faults)
        self.seen, self.connections = collections.Counter(), 0
        self.in_flight, self.peak, self.changed = 0, 0, threading.Condition()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def finish_request(self, *args):
        with self.changed:
            self.connections += 1
        super().finish_request(*args)

    def handle_error(self, *_):
        pass  # A client that has gone away is part of the tests.

    def begin(self, path):
        with self.changed:
            self.seen[path] += 1
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.peak >= self.expected, timeout=PATIENCE_S / 4)
        # Time for one more than the expected, if the program makes one.
        time.sleep(0.02)

    def end(self):
        with self.changed:
            self.in_flight -= 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        fault = self.server.faults.get(self.path)
        self.server.begin(self.path)
        if fault == "slow":
            # Until the client has given up.
            select.select([self.connection], [], [], PATIENCE_S)
        self.server.end()
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault in ("reset", "close"):
            self.close_connection = True
            if fault == "reset":
                self.connection.close()
            return
        status = 503 if fault == "503" else 200
        keep = "keep-alive" if self.request_version == "HTTP/1.1" or "Connection" in self.headers else "close"
        head = f"HTTP/1.1 {status} Text\r\nContent-Length: {len(BODY)}\r\nConnection: {keep}\r\n\r\n"
        body = BODY
        if fault == "cut":
            body, self.close_connection = BODY[:500], True
        self.wfile.write(head.encode() + body)

    def log_message(self, *_):
        pass


def interpreter(name, folder):
    if named := os.environ.get(f"INFLIGHT_{name.upper()}"):
        return named
    own = folder / ".venv/bin/python3"
    return str(own) if name == "python" and own.exists() else INTERPRETERS[name]


class Program:
    """A `[[program]]` table, and the folder of its file. Load generators report nothing."""

    def __init__(self, table, file, has_classes=True):
        self.table, self.folder = table, file.parent
        self.name = table["name"]
        self.by_path = table.get("index_by", "path") == "path"
        self.reports, self.has_classes = file.name != "load.toml", has_classes

    def command(self, words, values):
        known = values | {name: interpreter(name, self.folder) for name in INTERPRETERS}
        words = [re.sub(r"\{([a-z_-]+)\}", lambda m: known.get(m[1], m[0]), word) for word in words]
        return [str(self.folder / words[0]) if "/" in words[0] else words[0], *words[1:]]

    def missing(self):
        """Reason why it cannot run here; None if it can."""
        words = self.command(self.table.get("version") or self.table["run"], {})
        if not shutil.which(words[0]):
            return f"no {words[0]}"
        told = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        first = told.stdout.split("\n")[0]
        return None if told.returncode == 0 and first else f"no version: {told.stderr.strip()}"

    def combinations(self):
        settings = self.table.get("settings", {})
        for values in itertools.product(*settings.values()):
            yield dict(zip(settings, values))

    def run(self, url, requests, limit, settings, timeout=None, most=None):
        """Runs it to its end; gives the rows of its report, by their first field."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.csv"
            report.touch()
            values = {"url": url, "requests": str(requests), "last": str(requests - 1), "seed": "1"}
            values |= {"limit": str(limit or 0), "timeout": str(timeout or 0), "max_connections": str(most or 0)}
            values |= {"report": str(report), **settings}
            values["host"], values["port"] = url.removeprefix("http://").split(":")
            env = {name: value for name, value in os.environ.items() if not name.startswith("INFLIGHT_")}
            env |= {"INFLIGHT_URL": url, "INFLIGHT_REQUESTS": str(requests), "INFLIGHT_SEED": "1"}
            env |= {"INFLIGHT_REPORT": str(report), "INFLIGHT_BODY_BYTES": str(len(BODY))}
            env |= {"INFLIGHT_LIMIT": str(limit)} if limit else {}
            env |= {"INFLIGHT_TIMEOUT": str(timeout)} if timeout else {}
            env |= {"INFLIGHT_MAX_CONNECTIONS": str(most)} if most else {}
            for name, value in settings.items():
                env["INFLIGHT_SETTING_" + name.upper().replace("-", "_")] = value
            told = subprocess.run(
                self.command(self.table["run"], values),
                cwd=self.folder,
                env=env | {"NO_PROXY": "*"},
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            assert told.returncode == 0, f"exit status {told.returncode}: {told.stderr[-2000:]}"
            rows = list(csv.reader(report.open(newline="")))
            if not rows:
                return None
            first = [row[0] for row in rows]
            assert len(first) == len(set(first)), f"a row came twice: {sorted(first)}"
            return {row[0]: row[1:] for row in rows}


def check_report(rows, requests, around):
    """Every row once, in the window, on the clock of this test; gives results by index."""
    begin, end = int(rows.pop("begin")[0]), int(rows.pop("end")[0])
    assert around[0] < begin < end < around[1], f"the window {begin} to {end} is not within {around}"
    assert sorted(map(int, rows)) == list(range(requests)), f"rows of other requests: {sorted(rows)}"
    for index, (start, head, last, result, *size) in rows.items():
        times = [begin, int(start), int(head or start), int(last), end]
        assert times == sorted(times), f"request {index} has its times in another order: {times}"
        if result == "200":
            assert head and size in ([], [str(len(BODY))]), f"request {index} read {size}, {head}"
    return {int(index): result for index, (_, _, _, result, *_) in rows.items()}


def check_all(program, settings, requests, limit, expected, most=None):
    """Each request once, as many in flight as expected and no more, each answered in its report."""
    with Server(expected) as server:
        begin = time.monotonic_ns()
        rows = program.run(server.url, requests, limit, settings, most=most)
        around = begin, time.monotonic_ns()
        assert server.peak == expected, f"{server.peak} in flight, not {expected}"
        if program.by_path:
            want = {f"/{index}": 1 for index in range(requests)}
            assert server.seen == want, f"other requests came: {server.seen}"
        else:
            assert server.seen.total() == requests, f"{server.seen.total()} requests came, not {requests}"
        assert (rows is not None) == program.reports, "whether it reports is not as declared here"
        if rows is not None:
            results = check_report(rows, requests, around)
            assert set(results.values()) == {"200"}, f"results {results}"
        if program.table.get("reuse") == "none":
            assert server.connections == requests, f"{server.connections} connections for {requests} requests"
        if program.table.get("reuse") == "session":
            assert server.connections <= expected, f"{server.connections} connections for {expected} in flight"
        return server.connections


FAULTS = {"/1": "503", "/2": "close", "/3": "cut", "/4": "slow", "/5": "reset"}
CLASSES = {0: "200", 1: "503", 2: "closed|reset", 3: "truncated", 4: "timeout", 5: "reset", 6: "200"}


def check_faults(program, settings, limit):
    """Failed requests are rows with their class, and the program goes on."""
    with Server(1, FAULTS) as server:
        begin = time.monotonic_ns()
        rows = program.run(server.url, len(CLASSES), limit, settings, timeout=2.5)
        results = check_report(rows, len(CLASSES), (begin, time.monotonic_ns()))
    for index, want in CLASSES.items():
        got = results[index].split(":")[0]
        assert re.fullmatch(want, got), f"request {index} is {results[index]!r}, not {want}"


def check_refused(program, settings, limit):
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    begin = time.monotonic_ns()
    results = check_report(program.run(url, 5, limit, settings), 5, (begin, time.monotonic_ns()))
    kinds = {result.split(":")[0] for result in results.values()}
    assert kinds == {"connect"}, f"results {results}"


def check(program):
    """Number of combinations of its settings with which a program does all as it should."""
    combinations = list(program.combinations())
    # Those of another `index_by` are the same programs once more.
    combinations = combinations[:1] if program.name.endswith("-on-arrival") else combinations
    for settings in combinations:
        named = " ".join(f"{name}={value}" for name, value in sorted(settings.items()))
        single = any(way in named for way in ONE_AT_A_TIME)
        limit = 1 if single else 8
        try:
            connections = check_all(program, settings, 50, limit, limit)
            if program.reports and not single:
                check_all(program, settings, 30, None, 30)
            if program.name in BOUNDED and settings.get("session") != "per-request":
                check_all(program, settings, 30, 8, 3, most=3)
            # No setting has a part in how a request fails.
            if program.reports and program.has_classes and settings == combinations[0]:
                check_faults(program, settings, limit)
                check_refused(program, settings, limit)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            sys.exit(f"FAILED: {program.name} {named}: {error}")
        print(f"ok: {program.name} {named} ({connections} connections for 50 requests)", flush=True)
    return len(combinations)


def shipped():
    for file in sorted((ROOT / "programs").glob("*.toml")):
        for table in tomllib.loads(file.read_text()).get("program", []):
            yield Program(table, file)


def of_the_page(folder):
    """The example of docs/programs.md, written out as the page has it."""
    page = (ROOT / "docs/programs.md").read_text()
    blocks = re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", page, re.S | re.M)
    assert len(blocks) == 2, f"{len(blocks)} files in docs/programs.md, 2 expected"
    for name, text in blocks:
        assert len(text.splitlines()) < 30, f"{name} has {len(text.splitlines())} lines"
        file = Path(folder) / name
        file.write_text(text)
        if name.endswith(".toml"):
            # Its errors are all `other`.
            for table in tomllib.loads(text)["program"]:
                yield Program(table, file, has_classes=False)


def main():
    chosen, runs, skipped = sys.argv[1:], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        programs = [*shipped(), *of_the_page(folder)]
        if unknown := set(chosen) - {program.name for program in programs}:
            sys.exit(f"no such program: {', '.join(unknown)}")
        for program in programs:
            if chosen and program.name not in chosen:
                continue
            if why := program.missing():
                if "{python}" in program.table["run"]:
                    sys.exit(f"FAILED: {program.name}: {why} (programs/setup.sh installs it)")
                print(f"skipped: {program.name}: {why} ({program.table['install']})")
                skipped += 1
                continue
            runs += check(program)
    print(f"programs: {runs} passed, 0 failed, {skipped} skipped")


main()
