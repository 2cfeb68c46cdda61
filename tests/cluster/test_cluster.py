"""An installation on several machines, of which one after the other dies under load.

Each test has a database and a stream of its own, and two servers behind a client that goes on at the next one
when a connection breaks, as Caddy does. Counted afterwards: every acknowledged sign-up and check-in is there, no
place was given twice, and everybody was told once.
"""

import pytest
from installation import NatsCluster, PostgresPair, RedisWithSentinels, wait_until

from crowd import Crowd  # found by installation
from harness import Api, PostgresCluster, Redis, Server

PEOPLE = 200
PLACES = 120
# What a client may be told while the database or the server that it spoke to goes: try again, or nothing.
INTERRUPTED = (503, None)


@pytest.fixture(scope="module")
def nats():
    cluster = NatsCluster().start()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def redis():
    redis = Redis().start()
    yield redis
    redis.close()


@pytest.fixture(scope="module")
def postgres():
    cluster = PostgresCluster().start()
    yield cluster
    cluster.close()


@pytest.fixture
def install(request, nats, redis):
    """Starts two servers: install(cluster, section={…})."""
    made = []

    def make(cluster, **config):
        name = request.node.name.replace("test_", "")[:40].strip("_").upper()
        services = {"redis": {"url": redis.url}, "nats": {"url": nats.url, "stream": name, "replicas": 3}, **config}
        made.append(Server("postgres", cluster, config=services).start())
        made.append(Server("postgres", cluster, config=services, database=made[0].database).start())
        for server in made:
            wait_for_parts(server, nats="ok", redis="ok")
        return made

    yield make
    for server in made[::-1]:
        server.close()


def health(server):
    return Api(server).get("/public/system/health", expect=(200, 503), check=False).json()


def wait_for_parts(server, seconds=40, **wanted):
    def met():
        parts = health(server)["parts"]
        return all(parts[name]["status"] == status for name, status in wanted.items())

    wait_until(met, f"{wanted} at {server.base}: {health(server)}", seconds)


def test_the_stream_is_kept_three_times(install, nats, postgres):
    install(postgres)
    for _, stream in nats.streams():
        assert stream["config"]["num_replicas"] == 3, stream
        assert len(stream["cluster"]["replicas"]) == 2, stream


def test_the_leader_of_nats_dies(install, nats, postgres):
    servers = install(postgres)
    with Crowd(servers, PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        leader = nats.leader()
        leader.kill()
        try:
            crowd.wait_for(60)
            for server in servers:
                wait_for_parts(server, nats="ok")  # on two of three
            crowd.finish()
            crowd.check()
        finally:
            leader.start()
    crowd.check_answers()


def test_the_primary_of_postgres_dies(install):
    """Its standby has confirmed every commit, and takes its place; nobody starts a server again."""
    pair, servers = PostgresPair(), []
    try:
        pair.start()
        servers = install(pair)
        processes = [server.process.pid for server in servers]
        with Crowd(servers, PEOPLE, PLACES) as crowd:
            crowd.wait_for(60)
            pair.kill()
            wait_until(lambda: crowd.statuses["sign_up"][503] > 0, "a refusal while there is no primary")
            pair.promote()
            crowd.wait_for(60)
            crowd.finish()
            crowd.check()
        for server in servers:
            wait_for_parts(server, database="ok")
        assert [server.process.pid for server in servers] == processes
        assert all(server.process.poll() is None for server in servers)
        crowd.check_answers(also=INTERRUPTED)
    finally:
        for server in servers:
            server.stop()
        pair.close()


def test_a_server_dies(install, postgres):
    servers = install(postgres)
    with Crowd(servers, PEOPLE, PLACES) as crowd:
        crowd.wait_for(50)
        servers[1].kill()
        crowd.wait_for(50)
        servers[1].start()
        crowd.finish()
        crowd.check()
    crowd.check_answers(also=INTERRUPTED)


def test_the_master_of_redis_dies(install, postgres):
    redis, servers = RedisWithSentinels(), []
    try:
        redis.start()
        servers = install(postgres, redis={"url": redis.url})
        with Crowd(servers, PEOPLE, PLACES) as crowd:
            crowd.wait_for(30)
            redis.master.kill()
            for server in servers:
                wait_until(lambda: health(server)["parts"]["redis"]["status"] == "degraded", "Redis is missed", 15)
            wait_until(lambda: redis.replica.cli("role").startswith("master"), "another master")
            for server in servers:
                wait_until(lambda: all(health(server)["parts"]["redis"]["status"] == "ok" for _ in range(6)), "Redis is back")
            crowd.finish()
            crowd.check()
        crowd.check_answers()
    finally:
        for server in servers:
            server.stop()
        redis.close()
