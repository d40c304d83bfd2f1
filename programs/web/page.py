# A page that needs the backend, as a WSGI application: `page:sequential` and `page:thread_pool`.
#
# GET /7 makes `INFLIGHT_CALLS` calls of the backend and answers with the bytes of each; GET /ready makes none.
# The way in which the calls are made is a function: numbers of the calls in, bytes of each out.

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

BACKEND = os.environ["INFLIGHT_BACKEND"]
CALLS = int(os.environ["INFLIGHT_CALLS"])
# Own work of a page, in seconds.
WORK = float(os.environ.get("INFLIGHT_WORK") or 0)


class BackendError(Exception):
    """A call without a right answer: the page cannot be made."""


def numbers(page):
    return range(page * CALLS, (page + 1) * CALLS)


def body(page, sizes):
    return json.dumps({"page": page, "bytes": sizes})


def headers(kind):
    """Those of every answer. The worker is the process, so that its share of the pages can be counted."""
    return {"Content-Type": kind, "Inflight-Worker": str(os.getpid())}


def own_work():
    time.sleep(WORK)


def call(number):
    url = urlsplit(f"{BACKEND}/{number}")
    connection = HTTPConnection(url.netloc)
    try:
        connection.request("GET", url.path, headers={"Connection": "close"})
        answer = connection.getresponse()
        size = len(answer.read())
    except (OSError, HTTPException) as error:
        raise BackendError(f"call {number}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise BackendError(f"call {number}: status {answer.status}")
    return size


def application(calls_of):
    """The WSGI application that makes its calls this way."""

    def respond(environ):
        name = environ["PATH_INFO"].removeprefix("/")
        if name == "ready":
            return "200 OK", "text/plain", "ready"
        if not (name.isascii() and name.isdigit()):
            return "404 Not Found", "text/plain", "no such page"
        try:
            return "200 OK", "application/json", body(int(name), calls_of(numbers(int(name))))
        except BackendError as error:
            return "502 Bad Gateway", "text/plain", str(error)

    def answer(environ, start_response):
        status, kind, text = respond(environ)
        content = text.encode()
        start_response(status, [*headers(kind).items(), ("Content-Length", str(len(content)))])
        return [content]

    return answer


@application
def sequential(wanted):
    own_work()
    return [call(number) for number in wanted]


@application
def thread_pool(wanted):
    own_work()
    with ThreadPoolExecutor(max_workers=5) as pool:
        futures = {pool.submit(call, number): number for number in wanted}
        sizes = {futures[future]: future.result() for future in as_completed(futures)}
    return [sizes[number] for number in wanted]
