"""What goes over the wire to a real server, byte by byte; and what that costs the server."""

from __future__ import annotations

import socket

import psutil

from tests.support.server import Server


def connect(server: Server, timeout: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def send(server: Server, request: bytes) -> bytes:
    """Send these bytes, exactly; what came back until the server closed."""
    with connect(server) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass  # it closed with our bytes unread: what it said before has arrived
    return received


def head(server: Server, *headers: str, start: str = "POST /logowanie HTTP/1.1") -> bytes:
    """The head of a request for the server's own host, after whose answer it closes the connection."""
    lines = (
        start,
        f"Host: 127.0.0.1:{server.port}",
        "Content-Type: application/x-www-form-urlencoded",
        "Connection: close",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def memory(server: Server) -> int:
    """Bytes of physical memory of the server and its workers."""
    assert server.process is not None
    main = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in (main, *main.children(recursive=True)))
