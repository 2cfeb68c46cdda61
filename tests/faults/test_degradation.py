"""Each part of the production profile away under load, and back: docs/operations/degradation.md as tests.

While a crowd signs up, is checked in, logs in and reads, the part is taken away, health must say `degraded` and
what to do, the crowd must not notice, and when the part is back all is as if nothing had been: nothing lost,
nobody told twice, and no process was started again.
"""

import time

import pytest
from crowd import Crowd
from harness import Api, Nats, Redis
from mailbox import Mailbox
from test_disk import fill, small_disk  # noqa: F401
from world import PNG

PEOPLE = 240
PLACES = 150
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def redis():
    redis = Redis(password="secret-of-redis").start()
    yield redis
    redis.close()


@pytest.fixture
def nats():
    nats = Nats().start()
    yield nats
    nats.close()


@pytest.fixture
def production(start, redis, nats):
    """Starts a server of the production profile."""

    def make(**config):
        services = {"redis": {"url": redis.url}, "nats": {"url": nats.url}}
        server = start("postgres", durable=False, config={**services, **config})
        wait_for_parts(server, redis="ok", nats="ok")
        return server

    return make


def health(server, language="en"):
    return Api(server, language=language).get("/public/system/health", expect=200).json()


def wait_for_parts(server, seconds=30, **wanted):
    """Until each part has that status; returns health."""
    deadline = time.monotonic() + seconds
    while True:
        seen = health(server)
        if all(seen["parts"][name]["status"] == status for name, status in wanted.items()):
            return seen
        assert time.monotonic() < deadline, f"{wanted} not within {seconds} s: {seen}"
        time.sleep(0.1)


def check_told(server, name, *words):
    """Health is `degraded` by this part, and says what to do in both languages."""
    seen = wait_for_parts(server, **{name: "degraded"})
    assert seen["status"] == "degraded"
    for word in words:
        assert word in seen["parts"][name]["message"], seen["parts"][name]["message"]
    chinese = health(server, "zh-CN")["parts"][name]["message"]
    assert chinese is None or any("\u4e00" <= c <= "\u9fff" for c in chinese)


def check_recovered(server, crowd, process, **parts):
    """All is there, health is ok again, and the process is the one that it was."""
    crowd.finish()
    crowd.check()
    assert wait_for_parts(server, **parts)["status"] == "ok"
    assert server.process.pid == process and server.process.poll() is None


def test_without_redis(production, redis):
    server = production()
    process = server.process.pid
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        redis.kill()
        check_told(server, "redis", "redis-cli ping", "redis.url", f"127.0.0.1:{redis.port}")
        crowd.wait_for(60)
        redis.start()
        wait_for_parts(server, redis="ok")
        crowd.wait_for(30)
        check_recovered(server, crowd, process, redis="ok")
    crowd.check_answers()


def test_with_a_redis_that_hangs(production, redis):
    server = production()
    process = server.process.pid
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        redis.freeze()
        try:
            check_told(server, "redis", "redis-cli ping")
            crowd.wait_for(60)
        finally:
            redis.thaw()
        check_recovered(server, crowd, process, redis="ok")
    crowd.check_answers()


@pytest.mark.parametrize("disk", ("kept", "lost"))
def test_without_nats(production, nats, disk):
    server = production()
    process = server.process.pid
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        nats.kill()
        if disk == "lost":
            nats.lose_everything()
        check_told(server, "nats", "8222/healthz", "nats.url", f"127.0.0.1:{nats.port}")
        told = sum(map(len, crowd.notices().values()))
        crowd.wait_for(60)
        assert sum(map(len, crowd.notices().values())) < told + 30, "who tells, without NATS?"
        nats.start()
        wait_for_parts(server, nats="ok")
        check_recovered(server, crowd, process, nats="ok")
    crowd.check_answers()


def test_without_redis_and_nats(production, redis, nats):
    server = production()
    process = server.process.pid
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        redis.kill()
        nats.kill()
        check_told(server, "redis")
        check_told(server, "nats")
        crowd.wait_for(60)
        nats.start()
        redis.start()
        check_recovered(server, crowd, process, redis="ok", nats="ok")
    crowd.check_answers()


# ---- Workers ----

def test_without_the_consumer(production):
    """Killed in the middle of its work, and started again by systemd, or by hand."""
    server = production()
    process = server.process.pid
    consumer = server.worker("worker-consumer")
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        consumer.kill()
        told = crowd.notices()
        crowd.wait_for(60)
        assert crowd.notices() == told, "who tells, without a consumer?"
        consumer.start()
        check_recovered(server, crowd, process, nats="ok")
    crowd.check_answers()


def test_without_the_scheduler(production):
    server = production()
    process = server.process.pid
    scheduler = server.worker("worker-scheduler")
    with Crowd([server], PEOPLE, PLACES) as crowd:
        crowd.wait_for(30)
        scheduler.kill()
        crowd.wait_for(60)
        scheduler.start()
        check_recovered(server, crowd, process)
    crowd.check_answers()


# ---- The mail server ----

def test_without_the_mail_server(production):
    mailbox = Mailbox().start()
    mail = {"url": mailbox.url, "from": "VOMS <voms@example.org>", "tls": "none"}
    server = production(mail=mail)
    process = server.process.pid
    try:
        crowd = Crowd([server], PEOPLE, PLACES)
        server.sql("UPDATE volunteer SET email = 'v' || id || '@example.org'")
        with crowd:
            crowd.wait_for(30)
            mailbox.stop()
            crowd.wait_for(60)
            check_told(server, "mail", "mail.url", f"127.0.0.1 port {mailbox.port}")
            mailbox.start()
            crowd.wait_for(30)
            crowd.finish()
            crowd.check()
        crowd.check_answers()
        check_mails(crowd, mailbox)
        assert wait_for_parts(server, mail="ok")["status"] == "ok"
        assert server.process.pid == process and server.process.poll() is None
    finally:
        mailbox.stop()


def check_mails(crowd, mailbox):
    """Whoever got a place has one mail; being on the waitlist is no matter for a mail unless one asks for it.

    What was taken when the server went may come again, once, for its answer was lost: with the same Message-ID."""
    states = crowd.store.sql("SELECT DISTINCT kind, mail FROM notice WHERE kind LIKE 'signup.%' ORDER BY kind").split()
    assert states == ["signup.approved|sent", "signup.waitlisted|none"]
    approved = {v for v, kinds in crowd.notices().items() if kinds == ["signup.approved"]}
    assert len(approved) == PLACES
    for volunteer in crowd.signed_up:
        address = f"v{volunteer}@example.org"
        mails = mailbox.to(address)
        assert len({str(mail["Message-ID"]) for mail in mails}) == (volunteer in approved), address
        assert len(mails) <= 2, f"{len(mails)} mails to {address}"


# ---- The disk ----

def test_with_a_full_disk(production, small_disk):  # noqa: F811
    """PostgreSQL is elsewhere: only what takes files in waits."""
    server = production(storage={"path": str(small_disk)})
    process = server.process.pid
    ballast = small_disk / "ballast"
    with Crowd([server], PEOPLE, PLACES) as crowd:
        upload(crowd.root, expect=201)
        fill(ballast)
        check_told(server, "storage", "make room")
        crowd.wait_for(30)
        refused = upload(crowd.root, expect=503)
        assert refused.code is not None
        import_refused = upload_import(crowd.root, expect=503)
        assert import_refused.code is not None
        crowd.wait_for(30)
        ballast.unlink()
        wait_for_parts(server, storage="ok")
        upload(crowd.root, expect=201)
        upload_import(crowd.root, expect=201)
        check_recovered(server, crowd, process, storage="ok")
    crowd.check_answers()


def upload(api, expect):
    body = PNG + b"x" * 200_000
    return api.post("/admin/files", data=body, params={"filename": "list.png"}, headers=OCTETS, expect=expect)


def upload_import(api, expect):
    rows = "\n".join(f"Somebody {i},{i}" for i in range(20_000))
    return api.post("/admin/imports", data=("name,note\n" + rows).encode(), params={"filename": "people.csv"}, headers=OCTETS,
                    expect=expect)
