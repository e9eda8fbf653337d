"""A static server on the loopback interface that is not the bottleneck, and a client that proves it.

nginx where it is installed, else a small server that holds all pages in memory (this file run as a program).
Both answer alike: HTML files only, robots.txt allows all, no sitemap, so that every crawler finds the pages by
their links. They do not compress, delay, redirect to other hosts or fail.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROBOTS = "User-agent: *\nAllow: /\n"
CONNECTIONS = 8
RATE_SECONDS = 2.0

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  absolute_redirect off;
  keepalive_requests 1000000;
  open_file_cache max=20000 inactive=600s;
  open_file_cache_valid 600s;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  types {{ text/html html htm; }}
  default_type application/octet-stream;
  charset utf-8;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    root "{folder}";
    index index.html;
    location = /robots.txt {{ default_type text/plain; return 200 "User-agent: *\\nAllow: /\\n"; }}
    location ~ \\.(?!html?$)[A-Za-z0-9]+$ {{ return 404; }}
  }}
}}
"""


class Server:
    """Serves a folder while the `with` block runs."""

    def __init__(self, folder: Path, home: Path, kind: str):
        self.folder, self.home = folder, home
        self.nginx = find_nginx() if kind in ("auto", "nginx") else None
        if kind == "nginx" and not self.nginx:
            raise FileNotFoundError("nginx is not installed: apt-get install nginx-light, or use --server small")
        self.kind = "nginx" if self.nginx else "small server in Python"
        self.port = free_port()

    def __enter__(self):
        log = self.home / "server.log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(self._command(), stdout=out, stderr=out, start_new_session=True)
        try:
            self._wait(log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _command(self) -> list[str]:
        if not self.nginx:
            return [sys.executable, "-B", __file__, str(self.folder), str(self.port)]
        user = "user root;" if os.geteuid() == 0 else ""  # the workers must be able to read a private folder
        conf = self.home / "nginx.conf"
        conf.write_text(NGINX.format(user=user, home=self.home, port=self.port, folder=self.folder))
        return [self.nginx, "-p", str(self.home), "-e", str(self.home / "error.log"), "-c", str(conf)]

    def _wait(self, log: Path):
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server stopped: {log.read_text(errors='replace').strip()[-500:]}")
            try:
                if fetch_all(self.port, ["/robots.txt"]):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server does not answer")


def find_nginx() -> str | None:
    """nginx stands in a folder that is not on every user's path."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- the client


def raw_rate(port: int, paths: list[str]) -> float:
    """Pages per second that a client gets who only fetches."""
    started, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < RATE_SECONDS:
        count += fetch_all(port, paths)
    return count / spent


def fetch_all(port: int, paths: list[str]) -> int:
    """Fetches each path once over kept-alive connections, several at a time."""
    sockets = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(min(CONNECTIONS, len(paths)))]
    readers = [s.makefile("rb") for s in sockets]
    try:
        for start in range(0, len(paths), len(sockets)):
            batch = list(zip(paths[start : start + len(sockets)], sockets, readers))
            for path, sock, _ in batch:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            for path, _, reader in batch:
                read_answer(reader, path)
        return len(paths)
    finally:
        for closable in [*readers, *sockets]:
            closable.close()


def read_answer(reader, path: str):
    status = reader.readline().split()
    if len(status) < 2 or status[1] != b"200":
        raise RuntimeError(f"the server answers {path} with {status[1:2]}")
    length = 0
    while (line := reader.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if len(reader.read(length)) != length:
        raise RuntimeError(f"the server sent less of {path} than it said")


# ---- the small server


def answers(folder: Path) -> dict[bytes, bytes]:
    """Every answer of the site, ready to send."""
    ready = {b"/robots.txt": answer("200 OK", "text/plain", ROBOTS.encode())}
    for file in sorted(folder.rglob("*.htm*")):
        path = "/" + file.relative_to(folder).as_posix()
        ready[path.encode()] = page = answer("200 OK", "text/html; charset=utf-8", file.read_bytes())
        if file.name == "index.html":
            place = path[: -len("index.html")]
            ready[place.encode()] = page
            if place != "/":
                ready[place.rstrip("/").encode()] = answer("301 Moved Permanently", "text/html", b"", f"Location: {place}\r\n")
    return ready


def answer(status: str, kind: str, body: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class Connection(asyncio.Protocol):
    """Answers GET requests in their order."""

    missing = answer("404 Not Found", "text/html", b"")

    def __init__(self, ready: dict[bytes, bytes]):
        self.ready, self.held = ready, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head, self.held = self.held[:end], self.held[end + 4 :]
            words = head.split(b" ", 2)
            path = words[1].split(b"?")[0] if len(words) == 3 else b""
            self.transport.write(self.ready.get(path, self.missing))


async def serve(folder: Path, port: int):
    ready = answers(folder)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(ready), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
