"""kill -9 in the middle of concurrent writes."""

import pytest
from conftest import PROFILES
from writers import Writers, check_all_there


@pytest.mark.parametrize("profile", PROFILES)
def test_kill_loses_no_acknowledged_write(start, login, profile):
    server = start(profile)
    for n in range(3):
        writers = Writers(server, login(server).token, prefix=f"round{n}")
        writers.wait_for(150)
        server.kill()
        writers.stop()
        server.start()
        check_all_there(server, writers)
        server.vomsctl("audit", "verify")


@pytest.mark.parametrize("profile", PROFILES)
def test_server_starts_soon_after_a_kill(start, login, profile):
    server = start(profile)
    writers = Writers(server, login(server).token, count=4)
    writers.wait_for(20)
    server.kill()
    writers.stop()
    server.start(wait=False)
    server.wait_healthy(seconds=20)
    login(server).get("/admin/units")
