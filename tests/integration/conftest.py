"""Fixtures: one server per profile for the whole run, and a small organisation in it."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Nats, PostgresCluster, Redis, Server  # noqa: E402
from world import World  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--profile", default=os.environ.get("VOMS_PROFILE", "both"), choices=("sqlite", "postgres", "production", "both"),
                     help="what the server runs on; production: postgres with redis and nats")


def pytest_generate_tests(metafunc):
    if "profile" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--profile")
        profiles = ["sqlite", "postgres"] if chosen == "both" else [chosen]
        metafunc.parametrize("profile", profiles, scope="session", indirect=True)


@pytest.fixture(scope="session")
def profile(request):
    return "postgres" if request.param == "production" else request.param


@pytest.fixture(scope="session")
def services(request):
    """The configuration of what the production profile has beside PostgreSQL."""
    if request.config.getoption("--profile") != "production":
        yield {}
        return
    redis, nats = Redis().start(), Nats().start()
    yield {"redis": {"url": redis.url}, "nats": {"url": nats.url}}
    nats.close()
    redis.close()


@pytest.fixture(scope="session")
def cluster(profile):
    """The private PostgreSQL, or None on SQLite."""
    if profile != "postgres":
        yield None
        return
    cluster = PostgresCluster().start()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def server(profile, cluster, services):
    """The server that the tests of a profile share; its end must be clean."""
    server = Server(profile, cluster, config=services)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def world(server):
    return World(server)


@pytest.fixture
def new_server(profile, cluster, services):
    """Makes servers of the test's own; each must end cleanly."""
    made = []

    def make(config=None, **kwargs):
        server = Server(profile, cluster, config={**services, **(config or {})}, **kwargs)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.close()


@pytest.fixture
def anonymous(server):
    return Api(server)


@pytest.fixture(scope="session")
def root(world):
    """The super administrator of the configuration."""
    return world.root


@pytest.fixture
def root_login():
    return {"login": SUPER_USERNAME, "password": SUPER_PASSWORD}
