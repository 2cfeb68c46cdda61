"""Fixtures: servers of the test's own, since each test breaks one."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, PostgresCluster, Server  # noqa: E402

PROFILES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def durable_cluster():
    """A private PostgreSQL that syncs its commits."""
    cluster = PostgresCluster("fsync=on").start()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def quick_cluster():
    """A private PostgreSQL that is never killed itself, and need not sync."""
    cluster = PostgresCluster().start()
    yield cluster
    cluster.close()


@pytest.fixture
def start(request):
    """Starts a server; at the test's end it must still stop cleanly."""
    made = []

    def make(profile, *, durable=True, **kwargs):
        kind = "durable_cluster" if durable else "quick_cluster"
        cluster = request.getfixturevalue(kind) if profile == "postgres" else None
        server = Server(profile, cluster, **kwargs)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.close()


@pytest.fixture
def login():
    """A client of the super administrator."""

    def make(server):
        api = Api(server)
        api.login(SUPER_USERNAME, SUPER_PASSWORD)
        return api

    return make
