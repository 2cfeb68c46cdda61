"""The production profile: PostgreSQL, Redis, NATS; several servers; each of both away, under load, and back."""

import threading
import time

import pytest
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Nats, Redis, Server, wait_until
from world import World


@pytest.fixture(scope="module", autouse=True)
def on_postgres(profile):
    if profile != "postgres":
        pytest.skip("the production profile stands on PostgreSQL")


@pytest.fixture(scope="module")
def redis():
    redis = Redis(password="very/secret+1").start()
    redis.url = redis.url.replace("/secret+1", "%2Fsecret%2B1")
    yield redis
    redis.close()


@pytest.fixture(scope="module")
def nats():
    nats = Nats().start()
    yield nats
    nats.close()


def production(cluster, redis, nats, **kwargs):
    return Server("postgres", cluster, config={"redis": {"url": redis.url}, "nats": {"url": nats.url}}, **kwargs)


@pytest.fixture(scope="module")
def servers(cluster, redis, nats):
    """Two servers on one database, one Redis and one NATS."""
    first = production(cluster, redis, nats).start()
    second = production(cluster, redis, nats, database=first.database).start()
    yield first, second
    second.close()
    first.close()


@pytest.fixture(scope="module")
def organisation(servers):
    return World(servers[0])


def part(server, name):
    return Api(server).get("/public/system/health")["parts"][name]


def wait_for_part(server, name, status):
    wait_until(lambda: part(server, name)["status"] == status)


def at(server, api):
    """The same login at another server."""
    return Api(server, api.token, address=api.address)


def test_health_tells_of_redis_and_nats(servers):
    for server in servers:
        for name in ("redis", "nats"):
            wait_for_part(server, name, "ok")
        health = Api(server).get("/public/system/health")
        assert health["status"] == "ok"
        for name in ("redis", "nats"):
            assert health["parts"][name]["latency_ms"] >= 0


def test_the_stream_and_its_consumers_are_visible(servers, nats):
    wait_for_part(servers[0], "nats", "ok")
    account = nats.monitor("/jsz?streams=true&consumers=true&config=true").json()["account_details"][0]
    stream = account["stream_detail"][0]
    assert stream["name"] == "VOMS" and stream["config"]["subjects"] == ["VOMS.>"]
    consumers = {c["name"]: c["config"] for c in stream["consumer_detail"]}
    assert len(consumers) > 5
    for name, config in consumers.items():
        assert config["ack_policy"] == "explicit", name
        assert config["filter_subject"].startswith("VOMS."), name
        assert "deliver_subject" not in config, f"{name} is pushed"


def test_a_session_that_ends_at_one_server_ends_at_the_other(servers, organisation):
    first, second = servers
    api = organisation.new_login()
    api.get("/auth/account")
    at(second, api).get("/auth/account")  # from now on the second one remembers the token for five seconds
    api.post("/auth/logout")
    ended = time.monotonic()
    wait_until(lambda: at(second, api).get("/auth/account", expect=(200, 401)).status == 401, seconds=3)
    assert time.monotonic() - ended < 3


def test_rights_that_are_taken_at_one_server_are_gone_at_the_other(servers, organisation):
    _, second = servers
    account = organisation.account()
    grant = organisation.grant(account["id"], "unit_administrator", organisation.north)
    api = Api(servers[0])
    api.login(account["username"], "Quiet-River-42x")
    at(second, api).get(f"/admin/units/{organisation.north}")
    organisation.root.delete(f"/admin/accounts/{account['id']}/grants/{grant['id']}")
    wait_until(lambda: at(second, api).get(f"/admin/units/{organisation.north}", expect=(200, 403, 404)).status != 200,
               seconds=3)


def test_failures_are_counted_for_both_servers(servers, redis):
    first, second = servers
    client, other = Api(first), Api(second)
    for i in range(20):
        asked = (client, other)[i % 2]
        answer = asked.post("/auth/login", {"login": "nobody.at.all", "password": "wrong wrong 1"}, expect=(401, 429))
        if answer.status == 429:
            break
    assert answer.status == 429, "nobody was locked out"
    for server in servers:
        refused = Api(server).post("/auth/login", {"login": "nobody.at.all", "password": "wrong wrong 1"}, expect=429)
        assert int(refused.headers["Retry-After"]) > 0
    assert "nobody" not in redis.cli("--scan")  # what was typed may be a password


def check_core_business(organisation):
    """Logging in, signing up, being promoted, and the notices of it."""
    _, position, shift = organisation.published(needed=1, hours=200)
    place = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
    first, _ = organisation.volunteer_login()
    second, _ = organisation.volunteer_login()
    mine = first.post("/me/signups", place, expect=201)
    assert mine["state"] == "approved"
    waits = second.post("/me/signups", place, expect=201)
    assert waits["state"] == "waitlisted"
    first.post(f"/me/signups/{mine['id']}/cancel", {}, expect=200)
    wait_until(lambda: second.get(f"/me/signups/{waits['id']}")["state"] == "approved")
    wait_until(lambda: any(n["link"] and "signup" in n["kind"] for n in second.get("/me/notices")["items"]))
    return second


def test_core_business(organisation):
    check_core_business(organisation)


def test_without_redis_all_goes_on_and_it_comes_back_by_itself(servers, organisation, redis):
    redis.kill()
    try:
        for server in servers:
            wait_for_part(server, "redis", "degraded")
            health = Api(server).get("/public/system/health", expect=200)
            assert health["status"] == "degraded"
            assert "redis.url" in health["parts"]["redis"]["message"]
            assert f"127.0.0.1:{redis.port}" in health["parts"]["redis"]["message"]
        api = check_core_business(organisation)
        # An ended session is noticed by the other server all the same, five seconds later at the latest.
        at(servers[1], api).get("/auth/account")
        api.post("/auth/logout")
        wait_until(lambda: at(servers[1], api).get("/auth/account", expect=(200, 401)).status == 401, seconds=7)
        # Attempts are still counted, by each server for itself.
        client = Api(servers[0])
        statuses = [client.post("/auth/login", {"login": "nobody.else", "password": "wrong wrong 1"},
                                expect=(401, 429)).status for _ in range(20)]
        assert 429 in statuses
    finally:
        redis.start()
    for server in servers:
        # Each of a server's loops has a connection of its own.
        wait_until(lambda: all(part(server, "redis")["status"] == "ok" for _ in range(6)))
        assert redis.url.split("@")[0].split(":")[-1] not in server.log()
        assert server.log().count("Redis is back") <= 8  # once for each loop's connection


def test_a_redis_that_hangs_holds_nobody_up(servers, organisation, redis):
    redis.freeze()
    try:
        slowest = 0
        for _ in range(5):
            began = time.monotonic()
            Api(servers[0]).post("/auth/login", {"login": SUPER_USERNAME, "password": SUPER_PASSWORD}, expect=200)
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 8
        assert Api(servers[0]).get("/public/system/health", expect=200)["status"] == "degraded"
    finally:
        redis.thaw()
    wait_for_part(servers[0], "redis", "ok")


def test_redis_killed_and_started_under_load(servers, organisation, redis):
    """No request notices, and none gets a wrong answer."""
    _, position, shift = organisation.published(needed=1000, hours=200)
    place = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
    people = [organisation.volunteer_login()[0] for _ in range(12)]
    statuses, stopping = [], threading.Event()

    def work(api, server):
        api = at(server, api)
        while not stopping.is_set():
            signup = api.post("/me/signups", place, expect=None)
            statuses.append(signup.status)
            if signup.status == 201:
                statuses.append(api.post(f"/me/signups/{signup['id']}/cancel", {}, expect=None).status)

    threads = [threading.Thread(target=work, args=(api, servers[i % 2])) for i, api in enumerate(people)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(1)
        redis.kill()
        time.sleep(1)
        redis.start()
    stopping.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert set(statuses) <= {200, 201}, statuses
    assert len(statuses) > 50
    for server in servers:
        wait_for_part(server, "redis", "ok")


def test_a_wrong_url_is_a_configuration_error(cluster):
    server = Server("postgres", cluster, config={"redis": {"url": "http://x:hidden@localhost"}})
    server.start(wait=False)
    assert server.process.wait(timeout=30) == 78
    assert "redis.url" in server.log() and "hidden" not in server.log()
    server.process = None
    server.close()


def test_starts_without_redis_and_nats(cluster):
    redis, nats = Redis(), Nats()
    server = production(cluster, redis, nats).start()
    try:
        for name, service in (("redis", redis), ("nats", nats)):
            assert part(server, name)["status"] == "degraded"
            assert f"127.0.0.1:{service.port}" in server.log()
        Api(server).login(SUPER_USERNAME, SUPER_PASSWORD)
        for name, service in (("redis", redis), ("nats", nats)):
            service.start()
            wait_for_part(server, name, "ok")
        assert "secret-of-nats" not in server.log()
    finally:
        server.close()
        redis.close()
        nats.close()


# ---- NATS ----

def waiting(server):
    return int(server.sql("SELECT count(*) FROM outbox WHERE relayed_at IS NULL"))


def undelivered(server):
    return int(server.sql("SELECT (SELECT count(*) FROM outbox WHERE relayed_at IS NULL) + (SELECT count(*) FROM delivery)"))


def test_without_nats_core_business_goes_on_and_notices_come_later(servers, organisation, nats):
    wait_until(lambda: undelivered(servers[0]) == 0, seconds=60)
    nats.kill()
    try:
        for server in servers:
            wait_for_part(server, "nats", "degraded")
            health = Api(server).get("/public/system/health", expect=200)
            assert health["status"] == "degraded"
            assert "nats.url" in health["parts"]["nats"]["message"]
        _, position, shift = organisation.published(needed=5, hours=200)
        place = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
        api, _ = organisation.volunteer_login()
        assert api.post("/me/signups", place, expect=201)["state"] == "approved"
        assert waiting(servers[0]) > 0
        assert api.get("/me/notices")["items"] == []
    finally:
        nats.start()
    for server in servers:
        wait_for_part(server, "nats", "ok")
    wait_until(lambda: api.get("/me/notices")["items"], seconds=30)
    wait_until(lambda: undelivered(servers[0]) == 0, seconds=60)
    assert len(api.get("/me/notices")["items"]) == 1


def test_nats_killed_and_wiped_under_load_loses_and_doubles_no_notice(servers, organisation, nats):
    """Every acknowledged sign-up is there, each with one notice, although NATS died twice and lost its disk once."""
    _, position, shift = organisation.published(needed=1000, hours=200)
    place = {"shift_id": shift["id"], "position_id": position["id"], "accept_risk_notice_version": 1}
    people = [organisation.volunteer_login() for _ in range(24)]
    acknowledged, refused = [], []

    def work(mine, server):
        for api, volunteer in mine:
            answer = at(server, api).post("/me/signups", place, expect=None)
            (acknowledged if answer.status == 201 else refused).append((answer.status, volunteer["id"]))
            time.sleep(0.3)

    threads = [threading.Thread(target=work, args=(people[i::4], servers[i % 2])) for i in range(4)]
    for thread in threads:
        thread.start()
    for wiped in (False, True):
        time.sleep(0.5)
        nats.kill()
        if wiped:
            nats.lose_everything()
        time.sleep(0.5)
        nats.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert not refused and len(acknowledged) == len(people)
    wait_until(lambda: undelivered(servers[0]) == 0, seconds=90)
    counts = servers[0].sql(
        f"SELECT s.volunteer_id, (SELECT count(*) FROM notice n WHERE n.volunteer_id = s.volunteer_id AND n.kind LIKE 'signup%') "
        f"FROM signup s WHERE s.shift_id = {shift['id']}").split()
    notices = dict(tuple(map(int, row.split("|"))) for row in counts)
    assert set(notices) == {volunteer for _, volunteer in acknowledged}
    assert set(notices.values()) == {1}, notices
    assert int(servers[0].sql("SELECT count(*) FROM dead_letter")) == 0


def test_a_wrong_url_of_nats_is_a_configuration_error(cluster):
    server = Server("postgres", cluster, config={"nats": {"url": "http://x:hidden@localhost"}})
    server.start(wait=False)
    assert server.process.wait(timeout=60) == 78
    assert "nats.url" in server.log() and "hidden" not in server.log()
    server.process = None
    server.close()
