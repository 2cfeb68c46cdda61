"""kill -9 while thousands sign up, and while hours are granted."""

import datetime
import http.client
import json
import os
import random
import threading
import time

import ledger_rows
import pytest
import rush
from conftest import PROFILES

SEED = int(os.environ.get("VOMS_PROPERTY_SEED") or time.time_ns() // 1000 % 1_000_000_000)
KILLS = int(os.environ.get("VOMS_FAULTS_KILLS", "3"))
PEOPLE = 400
PLACES = 60
CONNECTIONS = 16
SERVED = 1100  # in three transactions
DAY = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))


@pytest.fixture
def choice(request):
    print(f"VOMS_PROPERTY_SEED={SEED}")
    return random.Random(f"{SEED}/{request.node.name}")


class Rush:
    """People who sign up over a few connections until all have been answered or the server is gone."""

    def __init__(self, server, place, people):
        self.server = server
        self.body = json.dumps({"shift_id": place[0], "position_id": place[1]})
        self.waiting = list(people)  # (volunteer, token)
        self.answered = {}           # volunteer -> (status, body)
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            return self.waiting.pop() if self.waiting else None

    def _run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        while (person := self._next()) is not None:
            headers = {"Authorization": f"Bearer {person[1]}", "Content-Type": "application/json"}
            try:
                connection.request("POST", "/api/v1/me/signups", self.body, headers)
                response = connection.getresponse()
                answer = response.status, json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError):
                return  # killed: nobody knows what became of it
            with self.lock:
                self.answered[person[0]] = answer

    def wait_for(self, count, seconds=60):
        deadline = time.monotonic() + seconds
        while len(self.answered) < count and any(thread.is_alive() for thread in self.threads):
            assert time.monotonic() < deadline, f"{len(self.answered)} answers in {seconds} s"
            time.sleep(0.002)

    def join(self):
        for thread in self.threads:
            thread.join(timeout=90)
            assert not thread.is_alive(), "a request hangs"


def stored_signups(server, place):
    lines = server.sql(f"SELECT volunteer_id, id, state, sequence FROM signup WHERE shift_id = {place[0]} "
                       "ORDER BY sequence").split()
    return [(int(v), int(i), state, int(sequence)) for v, i, state, sequence in (line.split("|") for line in lines)]


def check_signups(server, place, told):
    """All that was answered is there, nobody is there twice, and the places went in the order of arrival."""
    rows = stored_signups(server, place)
    there = {volunteer: (i, state, sequence) for volunteer, i, state, sequence in rows}
    lost = {v: s for v, s in told.items() if there.get(v) != (s["id"], s["state"], s["sequence"])}
    assert not lost, f"{len(lost)} of {len(told)} answered sign-ups are lost or changed: {list(lost.items())[:3]}"
    assert len(there) == len(rows), "somebody is there twice"
    assert [row[3] for row in rows] == list(range(1, len(rows) + 1))
    approved = min(PLACES, len(rows))
    assert [row[2] for row in rows] == ["approved"] * approved + ["waitlisted"] * (len(rows) - approved)
    counts = server.sql(f"SELECT taken, waiting, pending, last_sequence FROM shift_place WHERE shift_id = {place[0]}")
    assert counts.strip() == f"{approved}|{len(rows) - approved}|0|{len(rows)}"


def wait_for_messages(server, seconds=150):
    """Whatever the dead server had begun to deliver is taken up again."""
    deadline = time.monotonic() + seconds
    query = ("SELECT (SELECT count(*) FROM outbox WHERE relayed_at IS NULL) + (SELECT count(*) FROM delivery), "
             "(SELECT count(*) FROM dead_letter)")
    while (left := server.sql(query).strip()) != "0|0":
        assert time.monotonic() < deadline, f"messages left, dead: {left}"
        time.sleep(0.2)


def check_notices(server, kind, volunteers):
    """Each of them was told once."""
    lines = server.sql(f"SELECT volunteer_id, count(*) FROM notice WHERE kind = '{kind}' GROUP BY volunteer_id").split()
    told = {int(v): int(count) for v, count in (line.split("|") for line in lines)}
    assert {v for v, count in told.items() if count != 1} == set(), "told more than once"
    assert set(told) == set(volunteers), f"{len(set(volunteers) - set(told))} of {len(volunteers)} were not told"


@pytest.mark.parametrize("profile", PROFILES)
def test_kill_in_the_rush_loses_no_place(start, choice, profile):
    server = start(profile, durable=False)
    server.vomsctl("generate-volunteers", str(PEOPLE), "5")
    people = [(v, rush.access_token(a, s)) for v, a, s in rush.make_people(server, PEOPLE)]
    place = rush.make_place(server, PLACES)[1:]
    told = {}
    for _ in range(KILLS):
        crowd = Rush(server, place, [p for p in people if p[0] not in told])
        crowd.wait_for(choice.randint(1, PEOPLE // (KILLS + 1)))
        server.kill()
        crowd.join()
        assert {status for status, _ in crowd.answered.values()} <= {201, 409}, crowd.answered
        told.update({v: body for v, (status, body) in crowd.answered.items() if status == 201})
        server.start()
        check_signups(server, place, told)
    crowd = Rush(server, place, [p for p in people if p[0] not in told])
    crowd.join()
    refused = {body["code"] for status, body in crowd.answered.values() if status != 201}
    assert refused <= {"already_signed_up"}, refused
    told.update({v: body for v, (status, body) in crowd.answered.items() if status == 201})
    check_signups(server, place, told)
    rows = stored_signups(server, place)
    assert {row[0] for row in rows} == {p[0] for p in people}
    wait_for_messages(server)
    check_notices(server, "signup.approved", [row[0] for row in rows if row[2] == "approved"])
    server.vomsctl("audit", "verify")


def settle(api, activity):
    """In a thread of its own; the statuses that were answered, or None."""
    answers = []

    def run():
        try:
            answers.append(api.post(f"/admin/activities/{activity}/settle", timeout=120, expect=None).status)
        except OSError:
            answers.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, answers


def count(server, query):
    return int(server.sql(f"SELECT count(*) FROM {query}").strip())


def check_ledger(server, activity):
    assert "the ledger is sound" in server.vomsctl("ledger", "verify").stdout
    claims = count(server, f"ledger_claim WHERE activity_id = {activity}")
    assert claims == count(server, f"ledger_entry WHERE activity_id = {activity}"), "a record without its entry"
    told = server.sql("SELECT sum(length(p) - length(replace(p, 'entry_id', 'entry_')))/2 FROM "
                      "(SELECT CAST(payload AS text) AS p FROM outbox WHERE subject = 'ledger.granted') t")
    assert claims == int(told.strip() or 0), "an entry that nobody hears of"
    return claims


@pytest.mark.parametrize("profile", PROFILES)
def test_kill_in_settling_grants_everything_once(start, login, choice, profile):
    server = start(profile, durable=False)
    server.vomsctl("generate-volunteers", str(SERVED), "5")
    people = [int(v) for v in server.sql("SELECT id FROM volunteer").split()]
    activity = ledger_rows.ended_activity(server, 1, DAY, 2)
    ledger_rows.attendances(server, activity, people, DAY, 2)
    api = login(server)
    recorded = [0]
    for _ in range(KILLS):
        thread, answers = settle(api.with_token(api.token), activity)
        wanted = min(SERVED - 1, recorded[-1] + choice.randint(0, 400))
        while thread.is_alive() and count(server, "ledger_claim") <= wanted:
            pass
        server.kill()
        thread.join(timeout=60)
        server.start()
        recorded.append(check_ledger(server, activity))
        assert answers != [200] or recorded[-1] == SERVED
    print(f"recorded when killed: {recorded[1:]} of {SERVED}")
    thread, answers = settle(login(server), activity)
    thread.join(timeout=120)
    assert answers == [200]
    assert check_ledger(server, activity) == SERVED
    assert count(server, "volunteer WHERE service_minutes = 120") == SERVED
    state = server.sql(f"SELECT state FROM activity WHERE id = {activity}").strip()
    assert (state, count(server, "settlement WHERE finished_at IS NOT NULL")) == ("settled", 1)
    wait_for_messages(server)
    check_notices(server, "hours.granted", people)
    server.vomsctl("audit", "verify")
