# The WSGI application of page.py with calls made by asyncio: `async_page:loop_per_request` and
# `async_page:offload`.

import asyncio
import threading
from contextlib import closing

import aiohttp

from page import BACKEND, BackendError, application, own_work


def new_session():
    """One that does not queue calls: aiohttp's own limit is 100 connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def call(session, number):
    try:
        async with session.get(f"{BACKEND}/{number}") as answer:
            size = len(await answer.read())
    except (OSError, aiohttp.ClientError) as error:
        raise BackendError(f"call {number}: {error}") from error
    if answer.status != 200:
        raise BackendError(f"call {number}: status {answer.status}")
    return size


async def all_calls(wanted):
    async with new_session() as session:
        return await asyncio.gather(*(call(session, number) for number in wanted))


@application
def loop_per_request(wanted):
    own_work()
    # asyncio.run takes SIGINT for itself, with which uWSGI ends its workers.
    with closing(asyncio.new_event_loop()) as loop:
        return loop.run_until_complete(all_calls(wanted))


class Background:
    """A loop with a session on a thread of its own, of this process."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.session = self.submit(self.open()).result()

    async def open(self):
        return new_session()

    def submit(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)


background, starting = None, threading.Lock()


@application
def offload(wanted):
    global background
    # At the first page: a thread that is started before the server forks is missing in its workers.
    with starting:
        background = background or Background()
    futures = [background.submit(call(background.session, number)) for number in wanted]
    own_work()
    return [future.result() for future in futures]
