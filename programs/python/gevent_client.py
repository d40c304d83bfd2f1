# gevent: blocking `requests`, patched to yield, in a pool of `limit` greenlets on one thread.
#
# The setting `kept` is how many connections a session keeps: 10 as it comes, or all. A timeout of requests is
# one between two bytes, not one of the whole request.

from gevent import monkey

monkey.patch_all()

import gevent.pool
import requests

from inflight_report import LIMIT, REQUESTS, TIMEOUT, URL, Report, setting


def fetch(report, session, index):
    with report.request(index) as request:
        # Streaming: the head is seen before the body is read.
        with session.get(f"{URL}/{index}", timeout=TIMEOUT, stream=True) as response:
            request.head(response.status_code)
            request.read(len(response.content))


def main():
    session = requests.Session()
    if setting("kept") == "all":
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=LIMIT or REQUESTS))
    greenlets = gevent.pool.Pool(LIMIT)
    with Report() as report:
        for index in range(REQUESTS):
            greenlets.spawn(fetch, report, session, index)
        greenlets.join(raise_error=True)


main()
