"""The client of "Making 1 million requests with python-aiohttp" (2016) in today's aiohttp: a task for each
request, a semaphore around each, every body read. Beyond the text, one session serves all (a session for
each request costs several times as much), and its connector, which would limit to 100, does not limit.

    python3 tests/aiohttp_semaphore.py ADDRESS REQUESTS LIMIT     prints requests per second and CPU seconds
"""

import asyncio
import json
import resource
import sys
import time

import aiohttp


async def fetch(session, semaphore, url):
    async with semaphore, session.get(url) as response:
        body = await response.read()
        return response.status == 200 and len(body)


async def run(address, requests, limit):
    semaphore = asyncio.Semaphore(limit)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        urls = (f"http://{address}/{index}" for index in range(requests))
        tasks = [asyncio.ensure_future(fetch(session, semaphore, url)) for url in urls]
        return await asyncio.gather(*tasks)


def main():
    address, requests, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    used, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    bodies = asyncio.run(run(address, requests, limit))
    took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    wrong = sum(1 for length in bodies if not length)
    print(json.dumps({"wrong": wrong, "rate": requests / took, "cpu_s": cpu}))


main()
