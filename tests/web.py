#!/usr/bin/env python3
"""Do the services under programs/ keep the contract of docs/services.md?

Starts every one of programs/*.toml whose tools are here, with its settings, on loopback. Those with `calls` make
a page of so many calls of the backend, which is one of this test's own: they are asked for one page, then for 20
at once. The pages must be right, take no less than the calls allow and not much more, and be refused when a call
is. Others are asked for a page. Every answer says which process made it, and SIGTERM ends all of them. Prints
the times. Takes a few minutes. Needs Python 3.11; `programs/setup.sh` prepares the services. One that needs more
than this installs, and cannot run here, is skipped with the reason.

    tests/web.py [--step MS] [--longest S] [NAME...]
"""

import argparse
import collections
import concurrent.futures
import http.client
import http.server
import itertools
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTERPRETERS = {"python": "python3", "node": "node", "go": "go"}
PAGES = 20
# Settings with more processes times threads are left out.
MOST_WORKERS = 4
# Far beyond what any of this takes. What hangs is ended then.
PATIENCE_S = 60
# Own work of a page of the services that declare some, in seconds: in place of theirs, which takes longer.
WORK_S = 0.1
# A page may take this part, and this time, longer than its calls allow: builds may keep the machine busy.
SLACK, SLACK_S = 1.6, 0.3


class Backend(http.server.ThreadingHTTPServer):
    """Answers `/n` after one to four steps of time, with a body of a length of its own; 404 from `end` on."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, step, end, faults=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.step, self.end, self.faults = step, end, dict(faults)
        self.seen, self.in_flight, self.peak, self.lock = collections.Counter(), 0, 0, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def delay(self, number):
        return (number % 4 + 1) * self.step

    @staticmethod
    def size(number):
        return 100 + number * number % 97

    def forget(self):
        with self.lock:
            self.seen.clear()
            self.peak = 0

    def handle_error(self, *_):
        pass  # A page that is refused may leave calls behind.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        backend, number = self.server, int(self.path.removeprefix("/"))
        with backend.lock:
            backend.seen[number] += 1
            backend.in_flight += 1
            backend.peak = max(backend.peak, backend.in_flight)
        time.sleep(backend.delay(number))
        with backend.lock:
            backend.in_flight -= 1
        fault = backend.faults.get(number)
        status = 500 if fault == "500" else 200 if number < backend.end else 404
        body = b"x" * backend.size(number)
        self.close_connection |= fault in ("cut", "close")
        if fault != "close":
            head = f"HTTP/1.1 {status} Text\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + (body[:50] if fault == "cut" else body))

    def log_message(self, *_):
        pass


def interpreter(name, folder):
    if named := os.environ.get(f"INFLIGHT_{name.upper()}"):
        return named
    own = folder / ".venv/bin/python3"
    return str(own) if name == "python" and own.exists() else INTERPRETERS[name]


class Service:
    """A `[[service]]` table, and the folder of its file."""

    def __init__(self, table, file):
        self.table, self.folder, self.name = table, file.parent, table["name"]
        self.calls, self.one_by_one = table.get("calls"), table.get("outbound") == "sequential"
        self.work = WORK_S if "work" in table else 0

    def command(self, words, values):
        known = {name: interpreter(name, self.folder) for name in INTERPRETERS} | values
        words = [re.sub(r"\{([a-z_-]+)\}", lambda m: known.get(m[1], m[0]), word) for word in words]
        return [str(self.folder / words[0]) if "/" in words[0] else words[0], *words[1:]]

    def missing(self):
        """Reason why it cannot run here; None if it can."""
        words = self.command(self.table["version"], {})
        if not shutil.which(words[0]):
            return f"no {words[0]}"
        told = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        if told.returncode == 0 and told.stdout:
            return None
        return f"no version: {told.stderr.strip()}"

    def combinations(self):
        settings = self.table.get("settings", {})
        for values in itertools.product(*settings.values()):
            yield {name: str(value) for name, value in zip(settings, values)}

    def slots(self, settings):
        """Pages that are served at once; without such a limit, all."""
        slots = self.table.get("slots")
        return math.prod(int(settings.get(slot, slot)) for slot in slots) if slots else PAGES

    def ideal(self, settings, step):
        """Times of one page and of all, if nothing but calls and own work took any."""
        calls = [(number % 4 + 1) * step for number in range(self.calls)]
        # Only a page whose calls are made elsewhere has work of its own here: the longer of the two counts.
        page = sum(calls) if self.one_by_one else max(*calls, self.work)
        return page, page * math.ceil(PAGES / self.slots(settings))


class Running:
    """A service that runs, in a session of its own. Nothing of it is left afterwards."""

    def __init__(self, service, settings, backend=None):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        values = {"host": "127.0.0.1", "port": str(self.port), **settings}
        env = {name: value for name, value in os.environ.items() if not name.startswith("INFLIGHT_")}
        env |= {"INFLIGHT_HOST": "127.0.0.1", "INFLIGHT_PORT": str(self.port)}
        if backend:
            values |= {"backend": backend.url, "calls": str(service.calls)}
            env["INFLIGHT_WORK"] = str(service.work)
            env |= {"INFLIGHT_BACKEND": backend.url, "INFLIGHT_CALLS": str(service.calls)}
        for name, value in settings.items():
            env["INFLIGHT_SETTING_" + name.upper().replace("-", "_")] = value
        self.ready_path = service.table.get("ready", "/")
        self.temporary, self.told = tempfile.TemporaryDirectory(), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            service.command(service.table["run"], values),
            cwd=service.folder,
            # A proxy that is not there: what asks it fails.
            env=env | {"TMPDIR": self.temporary.name, "http_proxy": "http://127.0.0.1:9"},
            stdin=subprocess.DEVNULL,
            stdout=self.told,
            stderr=self.told,
            start_new_session=True,
        )

    def __enter__(self):
        begin = time.monotonic()
        try:
            while not self.answers():
                assert self.process.poll() is None, f"it ended with {self.process.returncode}"
                assert time.monotonic() < begin + PATIENCE_S, "it was not ready"
                time.sleep(0.005)
        except AssertionError as error:
            self.kill()
            self.told.seek(0)
            raise AssertionError(f"{error}: {self.told.read()[-2000:]}") from None
        self.ready_s = time.monotonic() - begin
        return self

    def answers(self):
        try:
            status = self.ask(self.ready_path)[0]
        except (OSError, http.client.HTTPException):
            return False
        assert status == 200, f"GET {self.ready_path}: {status}"
        return True

    def __exit__(self, kind, *_):
        members = self.members()
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
            end = time.monotonic() + 5
            while (left := self.members()) and time.monotonic() < end:
                time.sleep(0.01)
            if kind is None:
                assert not left, f"SIGTERM left {left} of {members}"
                files = os.listdir(self.temporary.name)
                assert not files, f"SIGTERM left {files}"
        finally:
            self.kill()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.temporary.cleanup()

    def members(self):
        """Processes of its session, those that have ended but are not waited for left out."""
        members = []
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = file.read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(session) == self.process.pid and state != "Z":
                members.append(int(file.parent.name))
        return members

    def ask(self, path):
        """Status, headers, body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def worker(self, headers):
        worker = int(headers["Inflight-Worker"] or 0)
        assert worker in self.members(), f"worker {worker} is none of its processes, {self.members()}"
        return worker

    def pages(self, wanted):
        """Asks for all of them at once. The answers, and the time from the first request to the last answer."""
        start = threading.Barrier(len(wanted))

        def page(index):
            start.wait()
            begin = time.monotonic()
            return self.ask(f"/{index}"), begin, time.monotonic()

        with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
            answers, begins, ends = zip(*pool.map(page, wanted))
        return answers, max(ends) - min(begins)


def check_pages(service, running, backend, wanted, at_once, ideal):
    """Asks for these pages; gives the time they took, and how many of them each worker made."""
    backend.forget()
    answers, took = running.pages(wanted)
    workers = collections.Counter()
    for index, (status, headers, body) in zip(wanted, answers):
        calls = range(index * service.calls, (index + 1) * service.calls)
        want = {"page": index, "bytes": [backend.size(number) for number in calls]}
        assert status == 200, f"page {index} has status {status}: {body}"
        assert json.loads(body) == want, f"page {index} is {body}, not {want}"
        assert headers["Content-Type"].startswith("application/json"), f"page {index} has {headers}"
        workers[running.worker(headers)] += 1
        missing = [number for number in calls if backend.seen[number] != 1]
        assert not missing, f"page {index}: calls {missing} were not made once"
    made = backend.seen.total()
    assert made == service.calls * len(wanted), f"{made} calls for {len(wanted)} pages"
    most = at_once * (1 if service.one_by_one else service.calls)
    assert backend.peak <= most, f"{backend.peak} calls at once, {most} expected at most"
    assert ideal <= took <= SLACK * ideal + SLACK_S, f"{len(wanted)} pages took {took:.3f} s, ideal is {ideal:.3f} s"
    return took, workers


def check_refused(service, running, backend):
    """A page with one wrong call is refused, whichever it is, and however it goes wrong."""
    kinds = {"500": "500", "cut": "cut", "close": "close", "beyond": None}
    for page, (kind, fault) in enumerate(kinds.items(), start=PAGES + 1):
        if kind == "beyond":
            page = backend.end // service.calls
        backend.faults = {page * service.calls + page % service.calls: fault}
        status, headers, body = running.ask(f"/{page}")
        assert status == 502, f"{kind} at the backend makes a page with {status}: {body}"
        running.worker(headers)
    backend.faults = {}
    status, _, _ = running.ask("/x")
    assert status == 404, f"GET /x: {status}"
    status, _, body = running.ask("/0")
    assert status == 200, f"after pages that were refused, {status}: {body}"


def check_page_service(service, settings, step):
    # The calls of more pages than are asked for are known, so that 404 is for those beyond.
    backend = Backend(step, service.calls * 2 * PAGES)
    one_ideal, all_ideal = service.ideal(settings, step)
    try:
        with Running(service, settings, backend) as running:
            assert not backend.seen, f"{service.table['ready']} makes calls of the backend"
            slots = min(service.slots(settings), PAGES)
            # The first page of a worker is slower: it may import, connect and start a thread.
            running.pages(range(slots))
            one, _ = check_pages(service, running, backend, [3], 1, one_ideal)
            every, workers = check_pages(service, running, backend, range(PAGES), slots, all_ideal)
            check_refused(service, running, backend)
        share = "+".join(str(count) for count in sorted(workers.values(), reverse=True))
        return (
            f"ready {running.ready_s:.2f} s | one page {one:.3f} s, {one / one_ideal:.3f} of ideal | "
            f"{PAGES} pages {every:.3f} s, {every / all_ideal:.3f} of ideal | by worker {share}"
        )
    finally:
        backend.shutdown()
        backend.server_close()


def check_other_service(service, settings):
    with Running(service, settings) as running:
        answers, _ = running.pages(range(PAGES))
        workers = collections.Counter(running.worker(headers) for _, headers, _ in answers)
        for status, _, body in answers:
            assert status == 200 and json.loads(body), f"status {status}: {body}"
        share = "+".join(str(count) for count in sorted(workers.values(), reverse=True))
        return f"ready {running.ready_s:.2f} s | by worker {share}"


def check(service, step, longest):
    """Number of combinations of its settings with which a service does all as it should."""
    runs = 0
    for settings in service.combinations():
        workers = math.prod(int(settings.get(name, 1)) for name in ("processes", "threads"))
        if service.calls and (workers > MOST_WORKERS or service.ideal(settings, step)[1] > longest):
            continue
        named = " ".join([service.name, *(f"{name}={value}" for name, value in sorted(settings.items()))])
        try:
            told = check_page_service(service, settings, step) if service.calls else check_other_service(service, settings)
        except (AssertionError, OSError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
            sys.exit(f"FAILED: {named}: {error}")
        print(f"ok: {named} | {told}", flush=True)
        runs += 1
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", type=float, default=12.5, help="calls take one to four steps of so many ms (12.5)")
    parser.add_argument("--longest", type=float, default=4, help="leave out settings whose pages need more seconds (4)")
    parser.add_argument("name", nargs="*")
    asked, runs, skipped = parser.parse_args(), 0, 0
    files = sorted((ROOT / "programs").glob("*.toml"))
    services = [Service(table, file) for file in files for table in tomllib.loads(file.read_text()).get("service", [])]
    if unknown := set(asked.name) - {service.name for service in services}:
        sys.exit(f"no such service: {', '.join(unknown)}")
    for service in services:
        if asked.name and service.name not in asked.name:
            continue
        if why := service.missing():
            install = service.table.get("install", "")
            if not install.endswith("--install"):
                sys.exit(f"FAILED: {service.name}: {why} (programs/setup.sh installs it)")
            print(f"skipped: {service.name}: {why} ({install})")
            skipped += 1
            continue
        runs += check(service, asked.step / 1000, asked.longest)
    print(f"services: {runs} passed, 0 failed, {skipped} skipped")


main()
