"""Clients that write until they are told to stop, and remember what was acknowledged."""

import threading
import time

import requests


class Writers:
    """`count` threads that create units below the root. acknowledged: name -> id of every 201."""

    def __init__(self, server, token, count=16, prefix="unit"):
        self.url = server.base + "/api/v1/admin/units"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.prefix = prefix
        self.acknowledged = {}
        self.unknown = set()  # sent, and never answered
        self.answers = []     # (seconds since the start, status)
        self.began = time.monotonic()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        session = requests.Session()
        session.headers.update(self.headers)
        for i in range(1000000):
            if self.stopping.is_set():
                return
            self._write(session, f"{self.prefix} {number}-{i}")

    def _write(self, session, name):
        try:
            answer = session.post(self.url, json={"parent_id": 1, "name": name}, timeout=30)
        except requests.RequestException:
            with self.lock:
                self.unknown.add(name)
            time.sleep(0.05)
            return
        with self.lock:
            self.answers.append((time.monotonic() - self.began, answer.status_code))
            if answer.status_code == 201:
                self.acknowledged[name] = answer.json()["id"]
            elif answer.status_code == 503:
                self.unknown.add(name)  # a commit may have happened before the answer was lost
        if answer.status_code != 201:
            time.sleep(0.02)

    def wait_for(self, count, seconds=60):
        deadline = time.monotonic() + seconds
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {count} writes in {seconds} s"
            time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a request hangs"

    def statuses(self):
        return {status for _, status in self.answers}


def check_all_there(server, writers):
    """Every acknowledged write is whole; nothing that was never asked for is there."""
    rows = [line.split("|") for line in server.sql(
        f"SELECT u.id, u.name, (SELECT count(*) FROM unit_ancestor a WHERE a.unit_id = u.id), "
        "(SELECT count(*) FROM audit_entry l WHERE l.object_type = 'unit' AND l.object_id = u.id) "
        f"FROM unit u WHERE u.name LIKE '{writers.prefix} %'").split("\n") if line]
    there = {name: int(unit_id) for unit_id, name, _, _ in rows}
    lost = {name for name, unit_id in writers.acknowledged.items() if there.get(name) != unit_id}
    assert not lost, f"{len(lost)} of {len(writers.acknowledged)} acknowledged writes are lost: {sorted(lost)[:5]}"
    strangers = set(there) - set(writers.acknowledged) - writers.unknown
    assert not strangers, f"never answered nor pending: {sorted(strangers)[:5]}"
    half = [name for _, name, ancestors, audited in rows if int(ancestors) != 2 or int(audited) < 1]
    assert not half, f"half written: {half[:5]}"
