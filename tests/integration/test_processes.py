"""Server and workers: what each does, and how systemd hears of it."""

import socket
import subprocess
import time

import pytest
from harness import Nats, Server, find_binary, wait_until
from world import World


@pytest.fixture
def production(profile, cluster):
    if profile != "postgres":
        pytest.skip("the production profile stands on PostgreSQL")
    nats = Nats().start()
    server = Server(profile, cluster, config={"nats": {"url": nats.url}}).start()
    yield server
    server.close()
    nats.close()


def test_messages_wait_for_a_consumer(production):
    """Without one the server goes on and hands nothing to a handler; with one all is done."""
    world = World(production)
    owed = "SELECT (SELECT count(*) FROM outbox WHERE relayed_at IS NULL) + (SELECT count(*) FROM delivery)"
    wait_until(lambda: int(production.sql(owed)) == 0, seconds=30)
    consumer = production.worker("worker-consumer")
    consumer.kill()
    handled = int(production.sql("SELECT count(*) FROM inbox"))
    world.volunteer()
    wait_until(lambda: int(production.sql("SELECT count(*) FROM delivery")) > 0, seconds=30)
    time.sleep(2)
    assert int(production.sql("SELECT count(*) FROM inbox")) == handled
    consumer.start()
    wait_until(lambda: int(production.sql(owed)) == 0, seconds=60)
    assert int(production.sql("SELECT count(*) FROM inbox")) > handled


@pytest.mark.parametrize("name", ["worker-consumer", "worker-scheduler"])
def test_a_worker_needs_nats(tmp_path, name):
    result = subprocess.run([str(find_binary(name)), "--data", str(tmp_path)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 78 and "nats.url" in result.stderr


def test_systemd_hears_of_start_life_and_end(profile, cluster, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(20)
        server = Server(profile, cluster, env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"})
        server.start()
        while (first := told.recv(4096)) == b"WATCHDOG=1":
            pass  # it lives while it starts
        assert first == b"READY=1"
        assert [told.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        server.close()
        heard = []
        while b"STOPPING=1" not in heard:
            heard.append(told.recv(4096))
