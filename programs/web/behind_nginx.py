# nginx in front of uWSGI, as one service: `behind_nginx.py HOST PORT UWSGI...` has nginx listen there, and runs
# the command with a Unix socket between the two. Stays until SIGTERM, or until one of them ends; then ends both.
#
# All files are in a temporary folder, and nothing but HOST and PORT is listened on.

import grp
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

# Time that each has to end by itself.
GRACE_S = 5

CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port};
    location / {{
      uwsgi_pass unix:{socket};
      # Pages wait in the queue of a busy application, which may be long.
      uwsgi_read_timeout 600s;
      uwsgi_param REQUEST_METHOD $request_method;
      uwsgi_param PATH_INFO $document_uri;
      uwsgi_param QUERY_STRING $query_string;
      uwsgi_param SERVER_NAME $server_name;
      uwsgi_param SERVER_PORT $server_port;
      uwsgi_param SERVER_PROTOCOL $server_protocol;
    }}
  }}
}}
"""


def nginx():
    # Debian has it where only root looks.
    path = shutil.which("nginx", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    return path or sys.exit("no nginx (Debian: nginx)")


def user():
    """As root, nginx would give its workers to a user who may not open the folder."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"


def end(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(host, port, command, folder):
    """Starts both; says which of them has ended."""
    socket, file = folder / "uwsgi.socket", folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(user=user(), folder=folder, host=host, port=port, socket=socket))
    running = {}
    try:
        running["uWSGI"] = subprocess.Popen([*command, "--socket", str(socket)])
        # nginx would answer 502 until then. From then on pages wait for the application.
        while not socket.exists():
            if running["uWSGI"].poll() is not None:
                return "uWSGI"
            time.sleep(0.01)
        running["nginx"] = subprocess.Popen([nginx(), "-p", str(folder), "-c", str(file)])
        pid, _ = os.waitpid(-1, 0)
        return next(name for name, process in running.items() if process.pid == pid)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end(running.values())


def main():
    if sys.argv[1:] == ["--version"]:
        told = subprocess.run([nginx(), "-v"], capture_output=True, text=True, check=True)
        print(told.stderr.strip().removeprefix("nginx version: "), "before uWSGI", version("pyuwsgi"))
        return
    host, port, *command = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="behind-nginx-") as folder:
        sys.exit(f"{serve(host, port, command, Path(folder))} has ended")


main()
