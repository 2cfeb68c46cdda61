"""PostgreSQL restarted, and away, under load."""

import threading
import time

from harness import PostgresCluster, Server
from writers import Writers, check_all_there


def test_restart_under_load(start, login, durable_cluster):
    server = start("postgres")
    root = login(server)
    writers = Writers(server, root.token)
    writers.wait_for(200)
    durable_cluster.restart()
    restarted = time.monotonic() - writers.began
    writers.wait_for(len(writers.acknowledged) + 300)
    writers.stop()

    assert writers.statuses() <= {201, 503}, writers.statuses()
    late = [at for at, status in writers.answers if status == 503 and at > restarted + 10]
    assert not late, f"503 still {late[0] - restarted:.1f} s after the restart"
    assert server.process.poll() is None
    check_all_there(server, writers)


def test_absence_is_answered_soon_and_healed(login):
    cluster = PostgresCluster("fsync=on").start()
    server = Server("postgres", cluster).start()
    try:
        root = login(server)
        cluster.kill()
        began = time.monotonic()
        answer = root.get("/admin/units", expect=503)
        assert answer.content_type == "application/problem+json"
        health = root.get("/public/system/health", expect=503, check=False)
        assert health["status"] == "down"
        assert time.monotonic() - began < 15
        cluster.restart()
        deadline = time.monotonic() + 30
        while root.get("/admin/units", expect=(200, 503)).status != 200:
            assert time.monotonic() < deadline, "PostgreSQL is back, the server did not notice"
            time.sleep(0.1)
    finally:
        try:
            server.close()
        finally:
            cluster.close()


def test_slow_statements_do_not_hold_up_the_others(start, login, durable_cluster):
    """A row that somebody else has locked: its writers wait, everybody else goes on."""
    server = start("postgres")
    root = login(server)
    unit = root.post("/admin/units", {"parent_id": 1, "name": "locked"}, expect=201).json()
    locker = threading.Thread(target=server.sql, args=(
        f"BEGIN; SELECT id FROM unit WHERE id = {unit['id']} FOR UPDATE; SELECT pg_sleep(4); COMMIT;",))
    locker.start()
    time.sleep(1)
    waiting = threading.Thread(target=root.with_token(root.token).patch, args=(f"/admin/units/{unit['id']}",),
                               kwargs={"json": {"address": "x"}, "expect": (200, 409, 503)})
    waiting.start()
    time.sleep(0.2)
    slowest = 0
    for _ in range(100):
        began = time.monotonic()
        root.get(f"/admin/units/{unit['id']}")
        slowest = max(slowest, time.monotonic() - began)
    assert locker.is_alive(), "the test was too slow to prove anything"
    assert slowest < 1
    locker.join()
    waiting.join()
