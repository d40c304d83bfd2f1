# The JSON application for aiohttp. `aiohttp_app.py PORT` runs its development server; gunicorn takes `app`.

import sys

from aiohttp import web

from work import page, worker


async def ready(_):
    return web.Response(text="ready", headers=worker())


async def answer(request):
    day = int(request.match_info["day"])
    return web.Response(text=page(day), content_type="application/json", headers=worker())


app = web.Application()
app.add_routes([web.get("/", ready), web.get(r"/{day:\d+}", answer)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
