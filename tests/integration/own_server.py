"""For a module that needs a server to itself: `from own_server import root, server, world`.

Other tests write rows that no event tells of, under ids of their own: totals that are compared with a
rebuild would differ, and ids would clash.
"""

import pytest

from harness import Server
from world import World


@pytest.fixture(scope="module")
def server(profile, cluster):
    own = Server(profile, cluster)
    own.start()
    yield own
    own.close()


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def root(world):
    return world.root
