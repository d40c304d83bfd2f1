# The page of page.py on an event loop, for gunicorn: `aiohttp_page:app`. A process serves all of its pages at once.

import asyncio

from aiohttp import web

from async_page import call, new_session
from page import WORK, BackendError, body, headers, numbers


async def ready(_):
    return web.Response(text="ready", headers=headers("text/plain"))


async def answer(request):
    page = int(request.match_info["page"])
    await asyncio.sleep(WORK)
    try:
        sizes = await asyncio.gather(*(call(request.app[SESSION], number) for number in numbers(page)))
    except BackendError as error:
        return web.Response(status=502, text=str(error), headers=headers("text/plain"))
    return web.Response(text=body(page, sizes), headers=headers("application/json"))


async def session_of(application):
    application[SESSION] = new_session()
    yield
    await application[SESSION].close()


SESSION = web.AppKey("session", object)
app = web.Application()
app.cleanup_ctx.append(session_of)
app.add_routes([web.get("/ready", ready), web.get(r"/{page:\d+}", answer)])
