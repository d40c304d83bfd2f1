# aiohttp: a task for each request; with a limit each waits for a permit of a semaphore.
#
# The setting `session` chooses one session for all (shared) or one for each (per-request). A session opens
# `max_connections` at most. As it comes that is 100; here it is no limit unless one is set.

import asyncio
import contextlib

import aiohttp

from inflight_report import LIMIT, MAX_CONNECTIONS, REQUESTS, TIMEOUT, URL, Report, setting


def new_session():
    connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS or 0)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT))


async def fetch(report, session, index):
    with report.request(index) as request:
        async with session.get(f"{URL}/{index}") as response:
            request.head(response.status)
            request.read(len(await response.read()))


async def fetch_alone(report, index):
    async with new_session() as session:
        await fetch(report, session, index)


async def with_permit(permit, fetching):
    async with permit:
        await fetching


async def main():
    permit = asyncio.Semaphore(LIMIT) if LIMIT else contextlib.nullcontext()
    async with new_session() as session:
        with Report() as report:
            if setting("session") == "shared":
                each = (fetch(report, session, index) for index in range(REQUESTS))
            else:
                each = (fetch_alone(report, index) for index in range(REQUESTS))
            await asyncio.gather(*(with_permit(permit, fetching) for fetching in each))


asyncio.run(main())
