# requests, as the sources use it. The setting `way` chooses
#
# loop      one request after the other, without a session
# session   one after the other, in a session
# threads   `limit` threads with a fixed share each, in one session
# pool      a ThreadPoolExecutor of `limit` threads, in one session
#
# The setting `kept` is how many connections a session keeps: 10 as it comes, or all. A timeout of requests is
# one between two bytes, not one of the whole request.

import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from inflight_report import LIMIT, REQUESTS, TIMEOUT, URL, Report, setting

THREADS = LIMIT or REQUESTS


def fetch(report, get, index):
    with report.request(index) as request:
        # Streaming: the head is seen before the body is read.
        with get(f"{URL}/{index}", timeout=TIMEOUT, stream=True) as response:
            request.head(response.status_code)
            request.read(len(response.content))


def fetch_each(report, get, indices):
    for index in indices:
        fetch(report, get, index)


def in_threads(report, get):
    shares = [range(first, REQUESTS, THREADS) for first in range(THREADS)]
    threads = [threading.Thread(target=fetch_each, args=(report, get, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_pool(report, get):
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda index: fetch(report, get, index), range(REQUESTS)))


def main():
    session = requests.Session()
    if setting("kept") == "all":
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
    with Report() as report:
        match setting("way"):
            case "loop":
                fetch_each(report, requests.get, range(REQUESTS))
            case "session":
                fetch_each(report, session.get, range(REQUESTS))
            case "threads":
                in_threads(report, session.get)
            case "pool":
                in_pool(report, session.get)


main()
