# httpx: a task for each request in one client; with a limit each waits for a permit of a semaphore.
#
# The client opens `max_connections` at most. As it comes that is 100; here it is no limit unless one is set.
# The setting `kept` is how many it keeps: 20 as it comes, or all. A timeout of httpx is one of each step, not
# one of the whole request.

import asyncio
import contextlib

import httpx

from inflight_report import LIMIT, MAX_CONNECTIONS, REQUESTS, TIMEOUT, URL, Report, setting


async def fetch(report, client, permit, index):
    async with permit:
        with report.request(index) as request:
            async with client.stream("GET", f"{URL}/{index}") as response:
                request.head(response.status_code)
                request.read(len(await response.aread()))


async def main():
    permit = asyncio.Semaphore(LIMIT) if LIMIT else contextlib.nullcontext()
    kept = None if setting("kept") == "all" else int(setting("kept"))
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=kept)
    async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits) as client:
        with Report() as report:
            await asyncio.gather(*(fetch(report, client, permit, i) for i in range(REQUESTS)))


asyncio.run(main())
