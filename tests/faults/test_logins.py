"""More logins at once than passwords can be checked."""

import threading
import time

import pytest
import requests
from conftest import PROFILES
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, fresh_address

CLIENTS = 150  # the server checks two passwords at once and lets 32 wait on each loop


class Flood:
    """CLIENTS threads that log in with wrong passwords until they are told to stop."""

    def __init__(self, server):
        self.url = server.base + "/api/v1/auth/login"
        self.answers = []
        self.failures = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        session = requests.Session()
        for i in range(1000000):
            if self.stopping.is_set():
                return
            try:
                # An address and a name of its own, so that no lockout answers instead.
                answer = session.post(self.url, json={"login": f"nobody.{number}.{i}", "password": "wrong password 1"},
                                      headers={"X-Forwarded-For": fresh_address()}, timeout=30)
            except requests.RequestException as error:
                self.failures.append(error)
                return
            with self.lock:
                self.answers.append(answer)

    def of_status(self, status):
        with self.lock:
            return [answer for answer in self.answers if answer.status_code == status]

    def wait_for(self, status, count, seconds=60):
        deadline = time.monotonic() + seconds
        while len(self.of_status(status)) < count:
            assert time.monotonic() < deadline, f"{len(self.of_status(status))} answers {status} in {seconds} s"
            time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a login hangs"
        assert not self.failures, self.failures[:3]


@pytest.mark.parametrize("profile", PROFILES)
def test_flood_of_logins_is_turned_away_while_others_are_served(start, login, profile):
    server = start(profile)
    api = login(server)
    flood = Flood(server)
    flood.wait_for(503, 100)
    slowest = 0
    for _ in range(20):
        began = time.monotonic()
        api.get("/admin/units")
        slowest = max(slowest, time.monotonic() - began)
    flood.wait_for(401, 20)
    flood.stop()
    assert slowest < 5, f"a call of somebody who is logged in took {slowest:.1f} s"
    assert {answer.status_code for answer in flood.answers} == {401, 503}
    for answer in flood.of_status(503):
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 503
    Api(server).login(SUPER_USERNAME, SUPER_PASSWORD)
