"""A crowd: people sign up and staff check people in, others log in and read, all at once and over real
connections, while a test takes something away and gives it back. Afterwards it is counted: what was
acknowledged is there, nobody is there twice, no place was given twice, everybody was told once.

`servers` may be several of one installation; a client whose request breaks goes on at the next one.
"""

import collections
import pathlib
import sys
import threading
import time

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import rush  # noqa: E402
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, fresh_address  # noqa: E402

PREFIX = "/api/v1"
DONE = (200, 201)
# Of a request that was not answered, or with 503, nobody knows whether it was done. It is sent again, and these
# answers say that it had been.
DONE_BEFORE = {"already_signed_up", "already_checked_in"}
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 15
JOIN_SECONDS = 120


class Crowd:
    """So many people for so many places, at so many requests a second."""

    def __init__(self, servers, people, places, pace=25):
        self.servers = list(servers)
        self.store = self.servers[0]
        self.places = places
        self.pause = 6 / pace
        self._prepare(people)
        self.root = Api(self.store)
        self.root.login(SUPER_USERNAME, SUPER_PASSWORD)
        self.statuses = collections.defaultdict(collections.Counter)  # deed -> status -> count
        self.slowest = collections.Counter()
        self.signed_up = {}    # volunteer -> the acknowledged sign-up, or None where a second answer told of it
        self.checked_in = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = []

    def _prepare(self, people):
        self.store.vomsctl("generate-volunteers", str(people), "5")
        self.people = [(v, rush.access_token(a, s)) for v, a, s in rush.make_people(self.store, people)]
        self.activity, self.shift, self.position = rush.make_place(self.store, self.places)
        _, self.begun, position = rush.make_place(self.store, people, starts_in=-600)
        self.store.sql(
            "INSERT INTO signup (activity_id, shift_id, position_id, volunteer_id, state, sequence, starts_at, ends_at, "
            f"by_staff, created_at, updated_at) SELECT s.activity_id, s.id, {position}, v.id, 'approved', v.id, s.starts_at, "
            f"s.ends_at, false, s.starts_at, s.starts_at FROM shift s, volunteer v WHERE s.id = {self.begun} AND v.id IN "
            f"(SELECT volunteer_id FROM account WHERE username LIKE 'rush%')")
        self.store.sql(f"UPDATE shift_place SET taken = {people} WHERE shift_id = {self.begun}")

    # ---- Life ----

    def start(self):
        self.to_sign_up, self.to_check_in = list(self.people), [v for v, _ in self.people]
        deeds = [self._sign_up] * 4 + [self._check_in] * 2
        for number, deed in enumerate(deeds + [self._log_in, self._read]):
            self.threads.append(threading.Thread(target=self._run, args=(number, deed), daemon=True))
            self.threads[-1].start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=JOIN_SECONDS)

    def wait_for(self, more, seconds=60):
        """Until so many more have been signed up than now."""
        wanted, deadline = min(len(self.signed_up) + more, len(self.people)), time.monotonic() + seconds
        while len(self.signed_up) < wanted:
            assert time.monotonic() < deadline, f"{len(self.signed_up)} of {wanted} in {seconds} s: {self.summary()}"
            time.sleep(0.02)

    def finish(self, seconds=JOIN_SECONDS):
        """Until everybody has been signed up and checked in."""
        deadline = time.monotonic() + seconds
        while len(self.signed_up) < len(self.people) or len(self.checked_in) < len(self.people):
            assert time.monotonic() < deadline, f"not done in {seconds} s: {self.summary()}"
            time.sleep(0.05)
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=JOIN_SECONDS)
            assert not thread.is_alive(), "a request hangs"

    def summary(self):
        with self.lock:
            told = {deed: dict(counts) for deed, counts in self.statuses.items()}
        return f"{len(self.signed_up)} signed up, {len(self.checked_in)} checked in, answers {told}"

    # ---- Deeds ----

    def _run(self, number, deed):
        session, server, address = requests.Session(), number, fresh_address()

        def ask(method, path, token=None, body=None):
            nonlocal session, server
            headers = {"X-Forwarded-For": address, **({"Authorization": f"Bearer {token}"} if token else {})}
            began = time.monotonic()
            try:
                answer = session.request(method, self.servers[server % len(self.servers)].base + PREFIX + path, json=body,
                                         headers=headers, timeout=PATIENCE_SECONDS)
                status, content = answer.status_code, answer.json() if answer.content else None
            except (requests.RequestException, ValueError):
                session, server, status, content = requests.Session(), server + 1, None, None
            with self.lock:
                name = deed.__name__.strip("_")
                self.statuses[name][status] += 1
                self.slowest[name] = max(self.slowest[name], time.monotonic() - began)
            if status not in DONE:
                time.sleep(PAUSE_SECONDS)
            return status, content

        while not self.stopping.is_set():
            deed(ask)
            self.stopping.wait(self.pause)

    def _next(self, waiting):
        with self.lock:
            return waiting.pop() if waiting else None

    @staticmethod
    def _was_done_before(status, content):
        return status == 409 and content["code"] in DONE_BEFORE

    def _sign_up(self, ask):
        person = self._next(self.to_sign_up)
        if person is None:
            return
        status, content = ask("POST", "/me/signups", person[1], {"shift_id": self.shift, "position_id": self.position})
        with self.lock:
            if status == 201:
                self.signed_up[person[0]] = content
            elif self._was_done_before(status, content):
                self.signed_up.setdefault(person[0], None)
            else:
                self.to_sign_up.append(person)

    def _check_in(self, ask):
        volunteer = self._next(self.to_check_in)
        if volunteer is None:
            return
        status, content = ask("POST", f"/admin/shifts/{self.begun}/taps", self.root.token,
                              {"volunteer_id": volunteer, "direction": "in"})
        with self.lock:
            if status in DONE or self._was_done_before(status, content):
                self.checked_in.add(volunteer)
            else:
                self.to_check_in.append(volunteer)

    def _log_in(self, ask):
        ask("POST", "/auth/login", None, {"login": SUPER_USERNAME, "password": SUPER_PASSWORD})

    def _read(self, ask):
        ask("GET", "/me/notices", self.people[0][1])
        ask("GET", "/me/activities", self.people[0][1])

    # ---- Counting ----

    def check_answers(self, *, also=()):
        """Everybody was served; `also` are the refusals (503, or None for a broken connection) that may have been."""
        for deed, counts in self.statuses.items():
            assert set(counts) <= {*DONE, *also, *((409,) if also else ())}, f"{deed}: {dict(counts)}"
            assert sum(counts[status] for status in DONE) > 0, f"{deed}: {dict(counts)}"

    def check(self, seconds=120):
        """What was acknowledged is there, once, and everybody was told once."""
        self._check_signups()
        self._check_attendances()
        self._wait_for_messages(seconds)
        self._check_notices()

    def _rows(self, query):
        return [tuple(line.split("|")) for line in self.store.sql(query).split()]

    def _check_signups(self):
        rows = self._rows(f"SELECT volunteer_id, id, state, sequence FROM signup WHERE shift_id = {self.shift} ORDER BY sequence")
        there = {int(v): (int(i), state, int(sequence)) for v, i, state, sequence in rows}
        assert len(there) == len(rows), "somebody is there twice"
        lost = {v: s for v, s in self.signed_up.items()
                if v not in there or (s and there[v] != (s["id"], s["state"], s["sequence"]))}
        assert not lost, f"{len(lost)} of {len(self.signed_up)} acknowledged sign-ups are lost or changed: {list(lost.items())[:3]}"
        approved = min(self.places, len(rows))
        assert [row[2] for row in rows] == ["approved"] * approved + ["waitlisted"] * (len(rows) - approved)
        counts = self._rows(f"SELECT taken, waiting, last_sequence FROM shift_place WHERE shift_id = {self.shift}")
        assert counts == [(str(approved), str(len(rows) - approved), str(len(rows)))], f"{counts}: {approved} of {len(rows)}"

    def _check_attendances(self):
        there = [int(v) for v, in self._rows(f"SELECT volunteer_id FROM attendance WHERE shift_id = {self.begun}")]
        assert len(there) == len(set(there)), "somebody was checked in twice"
        assert self.checked_in <= set(there), f"{len(self.checked_in - set(there))} check-ins are lost"

    def _wait_for_messages(self, seconds):
        query = ("SELECT (SELECT count(*) FROM outbox WHERE relayed_at IS NULL), (SELECT count(*) FROM delivery), "
                 "(SELECT count(*) FROM dead_letter)")
        deadline = time.monotonic() + seconds
        while (left := self.store.sql(query).strip()) != "0|0|0":
            assert time.monotonic() < deadline, f"outbox, deliveries, dead: {left}"
            time.sleep(0.2)

    def notices(self):
        """volunteer -> kinds of what it was told about signing up."""
        told = collections.defaultdict(list)
        for volunteer, kind in self._rows("SELECT volunteer_id, kind FROM notice WHERE volunteer_id IS NOT NULL "
                                          "AND kind LIKE 'signup.%' ORDER BY id"):
            told[int(volunteer)].append(kind)
        return told

    def _check_notices(self):
        told = self.notices()
        wanted = {int(v): [f"signup.{state}"] for v, state in
                  self._rows(f"SELECT volunteer_id, state FROM signup WHERE shift_id = {self.shift}")}
        wrong = {v: (kinds, told.get(v, [])) for v, kinds in wanted.items() if told.get(v, []) != kinds}
        assert not wrong, f"{len(wrong)} of {len(wanted)} were not told, or not once (wanted, told): {list(wrong.items())[:3]}"
        assert set(told) == set(wanted), "somebody was told of what is not there"
