# Report of a Python program to inflight, by the contract of docs/programs.md.
#
#     with Report() as report:                        # begin and end of the window
#         with report.request(index) as request:      # start and end of a request, the class of its error
#             response = session.get(f"{URL}/{index}", stream=True)
#             request.head(response.status_code)
#             request.read(len(response.content))
#
# Rows stay in memory and are written once, after the end of the window.

import csv
import errno
import os
from time import monotonic_ns as now

URL = os.environ["INFLIGHT_URL"]
REQUESTS = int(os.environ["INFLIGHT_REQUESTS"])
LIMIT = int(os.environ.get("INFLIGHT_LIMIT", 0)) or None
MAX_CONNECTIONS = int(os.environ.get("INFLIGHT_MAX_CONNECTIONS", 0)) or None
TIMEOUT = float(os.environ.get("INFLIGHT_TIMEOUT", 0)) or None

BY_ERRNO = {
    errno.EMFILE: "emfile",
    errno.ENFILE: "emfile",
    errno.EADDRNOTAVAIL: "eaddrnotavail",
    errno.ECONNREFUSED: "connect",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}

# Parts of the names of exceptions: of Python itself, urllib3, aiohttp and httpx.
BY_NAME = {
    "gaierror": "dns",
    "SSL": "tls",
    "Timeout": "timeout",
    "Disconnected": "closed",
    "IncompleteRead": "closed",
    "PayloadError": "closed",
    "RemoteProtocolError": "closed",
    "Cancelled": "canceled",
}


# Value of a setting of the program's own.
def setting(name):
    return os.environ["INFLIGHT_SETTING_" + name.upper().replace("-", "_")]


# Class of an error, from the errors inside it, and its text.
def result_of(error, has_head):
    inside = [error]
    for one in inside:
        links = one.__cause__, one.__context__, getattr(one, "reason", None), *one.args
        inside += [link for link in links if isinstance(link, BaseException) and link not in inside]
    by_errno = [BY_ERRNO[one.errno] for one in inside if getattr(one, "errno", None) in BY_ERRNO]
    names = " ".join(type(one).__name__ for one in inside)
    by_name = [kind for part, kind in BY_NAME.items() if part in names]
    kind = [*by_errno, *by_name, "other"][0]
    kind = "truncated" if kind == "closed" and has_head else kind
    text = " ".join(f"{type(error).__name__} {error}".split())
    return f"{kind}: {text[:200]}"


# A request, from `with` to the end of its block. An error ends the block and is its result.
class Request:
    __slots__ = ("rows", "index", "start", "headed", "result", "size")

    def __init__(self, rows, index):
        self.rows, self.index = rows, index
        self.headed, self.result, self.size = None, "other: no answer", None

    def __enter__(self):
        self.start = now()
        return self

    def head(self, status):
        self.headed, self.result = now(), status

    def read(self, size):
        self.size = size

    def __exit__(self, _, error, __):
        result = self.result if error is None else result_of(error, self.headed)
        self.rows.append((self.index, self.start, self.headed, now(), result, self.size))
        return isinstance(error, Exception)


# Rows of all requests, and the window from `with` to the end of its block.
class Report:
    def __enter__(self):
        # Opened now: at the end there may be no file left to open.
        self.file = open(os.environ["INFLIGHT_REPORT"], "a", newline="")
        self.rows, self.begin = [], now()
        return self

    def request(self, index):
        return Request(self.rows, index)

    def __exit__(self, *_):
        end = now()
        with self.file as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerows([("begin", self.begin), *self.rows, ("end", end)])
