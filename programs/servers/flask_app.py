# The JSON application for Flask. `flask_app.py PORT` runs its development server; gunicorn takes `app`.

import sys

from flask import Flask, Response

from work import page, worker

app = Flask(__name__)


@app.get("/")
def ready():
    return "ready", worker()


@app.get("/<int:day>")
def answer(day):
    return Response(page(day), mimetype="application/json", headers=worker())


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
