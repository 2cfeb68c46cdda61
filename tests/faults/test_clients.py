"""Clients that are slow, greedy or many."""

import resource
import socket
import time

import pytest

IDLE_CONNECTIONS = 5000


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def read_answer(client):
    """What the server says until it closes or pauses."""
    client.settimeout(15)
    data = b""
    try:
        while chunk := client.recv(65536):
            data += chunk
            if b"\r\n\r\n" in data:
                break
    except (TimeoutError, ConnectionError):
        pass
    return data


def assert_responsive(api, seconds=2):
    began = time.monotonic()
    api.get("/admin/units", params={"limit": 1})
    assert time.monotonic() - began < seconds


def test_one_byte_a_second_is_hung_up_on(start, login):
    """Slow headers and slow bodies end by the server's limits, and hold nobody up meanwhile."""
    server = start("sqlite")
    root = login(server)
    head = b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\nX-Slow: "
    post = (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n")
    slow_head, slow_body = connect(server), connect(server)
    slow_head.sendall(head)
    slow_body.sendall(post)
    open_clients = {"head": slow_head, "body": slow_body}
    began = time.monotonic()
    while open_clients and time.monotonic() - began < 120:
        for name, client in list(open_clients.items()):
            client.settimeout(0.01)
            try:
                client.sendall(b"x")
                if client.recv(4096) == b"":
                    del open_clients[name]
            except TimeoutError:
                pass
            except OSError:
                del open_clients[name]
        assert_responsive(root)
        time.sleep(1)
    assert not open_clients, f"still open after {time.monotonic() - began:.0f} s: {list(open_clients)}"


def test_body_over_the_limit_is_refused_unread(start, login):
    server = start("sqlite")
    root = login(server)
    client = connect(server)
    client.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: 10000000000\r\n\r\n")
    assert b" 413 " in read_answer(client).split(b"\r\n")[0]
    client.close()

    # Without a declared length it is noticed on the way.
    client = connect(server)
    client.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n")
    sent = 0
    try:
        while sent < 64 << 20:
            client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            sent += 65536
    except OSError:
        pass
    answer = read_answer(client)
    assert answer == b"" or b" 413 " in answer.split(b"\r\n")[0], answer[:200]
    assert sent < 64 << 20, "64 MiB were taken"
    client.close()
    assert_responsive(root)


def test_five_thousand_idle_connections(start, login):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * IDLE_CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the limit of open files is {hard}, and cannot be raised to {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        server = start("sqlite")
        root = login(server)
        clients = [connect(server) for _ in range(IDLE_CONNECTIONS)]
        try:
            for _ in range(20):
                assert_responsive(root)
            # They are real: each of a sample is answered.
            for client in clients[::500]:
                client.sendall(b"GET /api/v1/public/system/info HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b" 200 " in read_answer(client).split(b"\r\n")[0]
            resident_kib = int(next(line for line in open(f"/proc/{server.process.pid}/status")
                                    if line.startswith("VmRSS")).split()[1])
            assert resident_kib < 1024 * 1024, f"{resident_kib} KiB for {IDLE_CONNECTIONS} idle connections"
        finally:
            for client in clients:
                client.close()
        assert_responsive(root)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
