# A small service of Python's standard library alone: a thread for each connection. `stdlib_server.py PORT`
# answers GET /DAY with JSON.

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from work import page, worker


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes, which Nagle's algorithm would hold back for 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self):
        day = self.path.rpartition("/")[2]
        body = page(int(day) if day.isdigit() else 0).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in worker().items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
