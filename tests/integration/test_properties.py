"""Random deeds of many clients at once, and what must hold whatever they did.

The choices follow from the seed that is printed: VOMS_PROPERTY_SEED repeats them, though not how the server's
answers interleave. VOMS_PROPERTY_ROUNDS makes a run longer. The models of one client's deeds, where every answer is
foretold, are src/voms/signup/signup_model_test.c and the last test of src/voms/ledger/ledger_test.c.
"""

import collections
import datetime
import os
import random
import threading
import time

import rush
from harness import Api
from ledger_rows import attendance, ended_activity
from own_server import root, server, world  # noqa: F401
from world import World

SEED = int(os.environ.get("VOMS_PROPERTY_SEED") or time.time_ns() // 1000 % 1_000_000_000)
ROUNDS = int(os.environ.get("VOMS_PROPERTY_ROUNDS", "5"))
CLIENTS = 6
STEPS = 8
PEOPLE = 18
HOLDING = ("approved", "offered", "attended")
LIVING = ("pending", "approved", "waitlisted", "offered", "attended", "absent")


class Crowd:
    """Clients that do things at once; each has people of its own, and all may act as staff."""

    def __init__(self, server):
        self.server = server
        server.vomsctl("generate-volunteers", str(PEOPLE), "7")
        week = 7 * 24 * 3600
        people = rush.make_people(server, PEOPLE)
        self.people = [person for person, _, _ in people]
        self.me = {person: Api(server, rush.access_token(account, session, lasts=week))
                   for person, account, session in people}
        self.lock = threading.Lock()
        self.told = collections.defaultdict(list)  # id -> what was answered of it
        self.statuses = collections.Counter()
        print(f"VOMS_PROPERTY_SEED={SEED} VOMS_PROPERTY_ROUNDS={ROUNDS}")

    def own(self, client):
        return self.people[client::CLIENTS]

    def remember(self, thing, what):
        with self.lock:
            self.told[thing].append(what)

    def ask(self, api, path, body, expect):
        answer = api.post(path, body, expect=expect)
        with self.lock:
            self.statuses[path.split("/")[1], path.split("/")[-1], answer.status] += 1
        return answer if answer.status in (200, 201) else None

    def round(self, number, step):
        """Every client makes its steps, all clients at once."""
        failures = []

        def run(client):
            try:
                choice = random.Random(f"{SEED}/{number}/{client}")
                for _ in range(STEPS):
                    step(client, choice)
            except BaseException as failure:  # noqa: BLE001: told in the test's thread
                failures.append(failure)

        threads = [threading.Thread(target=run, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]


def rows(server, names, rest):
    """Rows as named tuples of texts."""
    make = collections.namedtuple("Row", [name.split(" ")[-1].split(".")[-1] for name in names])
    text = server.sql(f"SELECT {', '.join(names)} {rest}")
    return [make(*line.split("|")) for line in text.splitlines() if line]


# ---- Sign-ups ----


class Signups(Crowd):
    """Four places: one where only arrival counts, two that clash, one that is reviewed."""

    def __init__(self, server):
        super().__init__(server)
        self.root = World(server).root
        self.staff = [self.root.with_token(self.root.token) for _ in range(CLIENTS)]
        hour = 3600
        self.fair = self.place(4, starts_in=60 * hour)
        self.places = [self.fair, self.place(3, starts_in=70 * hour),
                       self.place(3, starts_in=71 * hour, waitlist="'offer'"),
                       self.place(5, starts_in=80 * hour, approval="'review'")]
        self.known = {place: {} for place in self.places}  # person -> the last sign-up

    def place(self, needed, **fields):
        _, shift, position = rush.make_place(self.server, needed, **fields)
        return shift, position

    def pick(self, choice, place, people):
        with self.lock:
            known = sorted(s for p, s in self.known[place].items() if p in people)
        return choice.choice(known) if known else None

    def join(self, client, choice, place):
        person = choice.choice(self.own(client))
        made = self.ask(self.me[person], "/me/signups", {"shift_id": place[0], "position_id": place[1]}, (201, 409))
        self.made(made, place, person)

    def made(self, answer, place, person):
        if answer is not None:
            with self.lock:
                self.known[place][person] = answer["id"]
            self.remember(answer["id"], (answer["state"], answer["sequence"], person))

    def answer(self, client, choice, place, what):
        signup = self.pick(choice, place, self.own(client))
        if signup is None:
            return self.join(client, choice, place)
        person = next(p for p, s in self.known[place].items() if s == signup)
        done = self.ask(self.me[person], f"/me/signups/{signup}/{what}", {} if what == "cancel" else None, (200, 409))
        if done is not None:
            self.remember(signup, ("cancelled" if what in ("cancel", "decline") else done["state"], None, person))

    def decide(self, client, choice, place, what, body):
        signup = self.pick(choice, place, self.people)
        if signup is None:
            return self.join(client, choice, place)
        done = self.ask(self.staff[client], f"/admin/signups/{signup}/{what}", body, (200, 409))
        if done is not None:
            self.remember(signup, (done["state"], None, None))
            if what == "cancel":
                self.remember(signup, ("cancelled", None, None))

    def put(self, client, choice, place):
        person = choice.choice(self.people)
        body = {"volunteer_id": person, "position_id": place[1]}
        made = self.ask(self.staff[client], f"/admin/shifts/{place[0]}/signups", body, (201, 409))
        self.made(made, place, person)

    def step(self, client, choice):
        place = choice.choice(self.places)
        deed = choice.random()
        if deed < 0.45:
            self.join(client, choice, place)
        elif deed < 0.6:
            self.answer(client, choice, place, "cancel")
        elif deed < 0.7:
            self.decide(client, choice, place, "cancel", {"reason": "property"})
        elif place == self.fair:
            self.join(client, choice, place)
        elif deed < 0.8:
            self.answer(client, choice, place, choice.choice(("accept", "accept", "decline")))
        elif deed < 0.9:
            decision = choice.choice(("approve", "approve", "reject"))
            self.decide(client, choice, place, "decision", {"decision": decision, "reason": "property"})
        elif deed < 0.95:
            self.decide(client, choice, place, "move-up", {"reason": "property"})
        else:
            self.put(client, choice, place)

    # What must hold when nobody does anything.

    def check(self):
        found = rows(self.server, ["id", "shift_id", "position_id", "volunteer_id", "state", "sequence"],
                     "FROM signup ORDER BY id")
        for place in self.places:
            self.check_place(place, [s for s in found if (int(s.shift_id), int(s.position_id)) == place])
        self.check_told({int(s.id): s for s in found})
        self.check_clash(found)

    def check_place(self, place, signups):
        count = collections.Counter(s.state for s in signups)
        kept = rows(self.server, ["needed", "taken", "waiting", "pending", "last_sequence"],
                    f"FROM shift_place WHERE shift_id = {place[0]} AND position_id = {place[1]}")[0]
        needed, taken, waiting, pending, last = map(int, kept)
        assert taken == sum(count[state] for state in HOLDING) <= needed, (kept, count)
        assert (waiting, pending) == (count["waitlisted"], count["pending"]), (kept, count)
        sequences = [int(s.sequence) for s in signups]
        assert len(set(sequences)) == len(sequences) and all(s <= last for s in sequences)
        living = [s.volunteer_id for s in signups if s.state in LIVING]
        assert len(set(living)) == len(living), "two sign-ups of one person in a shift"
        if place == self.fair:
            assert waiting == 0 or taken == needed, f"{waiting} wait beside free places: {kept}"
            held = [int(s.sequence) for s in signups if s.state in HOLDING]
            waits = [int(s.sequence) for s in signups if s.state == "waitlisted"]
            assert not held or not waits or max(held) < min(waits), f"not in the order of arrival: {held}, {waits}"

    def check_told(self, found):
        for signup, told in self.told.items():
            assert signup in found, f"{signup} was answered {told} and is lost"
            states = {state for state, _, _ in told}
            row = found[signup]
            assert int(row.volunteer_id) == next(person for _, _, person in told if person)
            for final in ("cancelled", "rejected"):
                assert final not in states or row.state == final, (signup, told, row)
            if "approved" in states and "cancelled" not in states:
                assert row.state == "approved", f"{signup} lost its place: {told}, {row}"
        strangers = set(found) - set(self.told)
        assert not strangers, f"nobody was answered {strangers}"

    def check_clash(self, found):
        clashing = {place[0] for place in self.places[1:3]}
        held = collections.Counter(s.volunteer_id for s in found if int(s.shift_id) in clashing and s.state in HOLDING)
        assert not [person for person, count in held.items() if count > 1], "in two places at once"


def test_signups_hold_whatever_people_do_at_once(new_server):
    server = new_server()
    crowd = Signups(server)
    for number in range(ROUNDS):
        crowd.round(number, crowd.step)
        crowd.check()
    offered = server.sql("SELECT id FROM signup WHERE state = 'offered'").split()
    server.move_clock(datetime.timedelta(minutes=61))
    deadline = time.monotonic() + 30
    while set(offered) & set(server.sql("SELECT id FROM signup WHERE state = 'offered'").split()):
        assert time.monotonic() < deadline, "offers do not lapse"
        time.sleep(0.05)
    for signup in offered:
        crowd.remember(int(signup), ("cancelled", None, None))
    crowd.check()
    print(dict(crowd.statuses))
    done = {(path, status) for _, path, status in crowd.statuses}
    assert {("signups", 201), ("cancel", 200), ("decision", 200)} <= done, "it came to nothing"


# ---- The ledger ----

CHINA = datetime.timezone(datetime.timedelta(hours=8))
FIRST_DAY = datetime.datetime(2026, 3, 2, 8, tzinfo=CHINA)
ACTIVITIES = 8
SERVING = 8
Deed = collections.namedtuple("Deed", "name body expect")


class Ledger(Crowd):
    """Activities of two days, of which some are at the same time, with attendances of all grades."""

    def __init__(self, server):
        super().__init__(server)
        world = World(server)
        choice = random.Random(f"{SEED}/ledger")
        self.recorder = world.new_login(("recorder", 1))
        self.judge = world.new_login(("unit_administrator", 1))
        self.recorders = [self.recorder.with_token(self.recorder.token) for _ in range(CLIENTS)]
        self.judges = [self.judge.with_token(self.judge.token) for _ in range(CLIENTS)]
        self.activities = [self.activity(choice) for _ in range(ACTIVITIES)]
        self.claims = self.disputes = self.attendances = []
        self.told = collections.Counter()  # (claim, deed) -> how often it was answered with success

    def activity(self, choice):
        hours = choice.randint(1, 5)
        begin = FIRST_DAY + datetime.timedelta(days=choice.randint(0, 1), hours=choice.randint(0, 8))
        activity = ended_activity(self.server, 1, begin, hours)
        for person in choice.sample(self.people[:SERVING], choice.randint(2, 6)):
            late = choice.choice((0, 0, 0.5))
            attendance(self.server, activity, person, begin + datetime.timedelta(hours=late), hours - late,
                       choice.choice("AAABCD"))
        return activity

    def look(self):
        """What there is to be done something about, as a round begins."""
        self.claims = rows(self.server, ["id", "volunteer_id"], "FROM ledger_claim ORDER BY id")
        self.disputes = rows(self.server, ["id", "claim_id"], "FROM ledger_dispute WHERE state = 'open' ORDER BY id")
        self.attendances = rows(self.server, ["id", "check_in_at"], "FROM attendance ORDER BY id")

    def count(self, claim, deed, done):
        if done is not None:
            with self.lock:
                self.told[int(claim), deed] += 1

    def settle(self, client, choice):
        self.ask(self.recorders[client], f"/admin/activities/{choice.choice(self.activities)}/settle", None, (200, 409))

    def change(self, client, choice):
        minutes = choice.randint(1, 300)
        deed = choice.choice((
            Deed("decision", {"decision": choice.choice(("approve", "approve", "reject")), "reason": "p"}, (200, 409)),
            Deed("void", {"reason": "p"}, (200, 409)),
            Deed("regrant", {"minutes": minutes, "reason": "p"}, (200, 409, 422))))
        claim = choice.choice(self.claims).id
        done = self.ask(self.judges[client], f"/admin/service-records/{claim}/{deed.name}", deed.body, deed.expect)
        self.count(claim, deed.body.get("decision", deed.name), done)

    def dispute(self, client, choice):
        mine = [claim for claim in self.claims if int(claim.volunteer_id) in self.own(client)]
        if mine:
            claim = choice.choice(mine)
            body = {"service_record_id": int(claim.id), "message": "No.", "minutes": choice.randint(1, 200)}
            self.ask(self.me[int(claim.volunteer_id)], "/me/disputes", body, (201, 409))

    def judge_dispute(self, client, choice):
        if not self.disputes:
            return self.dispute(client, choice)
        dispute = choice.choice(self.disputes)
        accept = choice.random() < 0.7
        body = {"decision": "accept" if accept else "reject", "reason": "p"}
        if accept:
            body["minutes"] = choice.randint(0, 200)
        done = self.ask(self.judges[client], f"/admin/disputes/{dispute.id}/decision", body, (200, 403, 409, 422))
        self.count(dispute.claim_id, "accept" if body.get("minutes") else "refuse", done)

    def amend(self, client, choice):
        """The attendance itself is taken back or reviewed while somebody settles."""
        attendance_id = choice.choice(self.attendances).id
        if choice.random() < 0.5:
            self.ask(self.judges[client], f"/admin/attendances/{attendance_id}/void", {"reason": "p"}, (200, 409))
        else:
            body = {"decision": choice.choice(("approve", "reject")), "reason": "p"}
            self.ask(self.judges[client], f"/admin/attendances/{attendance_id}/review", body, (200, 409))

    def begin(self, client, choice):
        (self.settle if choice.random() < 0.6 else self.amend)(client, choice)

    def step(self, client, choice):
        deeds = (self.settle, self.change, self.change, self.change, self.dispute, self.judge_dispute, self.amend)
        choice.choice(deeds)(client, choice)

    # What must hold when nobody does anything.

    def check(self):
        assert "the ledger is sound" in self.server.vomsctl("ledger", "verify").stdout
        at = "CAST(extract(epoch FROM e.{0}) * 1000 AS bigint) {0}" if self.server.profile == "postgres" else "e.{0}"
        entries = rows(self.server, ["e.id", "e.volunteer_id", "e.kind", "e.minutes", "e.claim_id", "e.voids_entry_id",
                                     "e.total_after", "e.created_by", at.format("starts_at"), at.format("ends_at"),
                                     "a.state", "c.attendance_id"],
                       "FROM ledger_entry e JOIN ledger_claim c ON c.id = e.claim_id "
                       "LEFT JOIN attendance a ON a.id = e.attendance_id ORDER BY e.id")
        voided = {e.voids_entry_id for e in entries if e.kind == "void"}
        standing = [e for e in entries if e.kind != "void" and e.id not in voided]
        self.check_totals(entries)
        self.check_overlaps(standing)
        self.check_claims(entries, standing)
        without = [e for e in standing if e.state != "completed"]
        assert not without, f"entries without an attendance: {without}"
        held = self.server.sql(
            "SELECT s.activity_id FROM settlement s WHERE s.held <> "
            "(SELECT count(*) FROM ledger_claim c WHERE c.activity_id = s.activity_id AND c.state = 'held')").split()
        assert not held, f"settlements that count held records wrongly: {held}"

    def check_totals(self, entries):
        totals = dict.fromkeys(self.people, 0)
        for entry in entries:
            totals[int(entry.volunteer_id)] += int(entry.minutes)
            assert totals[int(entry.volunteer_id)] == int(entry.total_after), entry
        for row in rows(self.server, ["id", "service_minutes"], "FROM volunteer"):
            assert totals.get(int(row.id), 0) == int(row.service_minutes), row

    @staticmethod
    def check_overlaps(standing):
        for person in {e.volunteer_id for e in standing}:
            spans = sorted((int(e.starts_at), int(e.ends_at), e.id) for e in standing if e.volunteer_id == person)
            for one, next_one in zip(spans, spans[1:]):
                assert one[1] <= next_one[0], f"{person} was granted twice at once: {one}, {next_one}"

    def check_claims(self, entries, standing):
        live = collections.Counter(e.claim_id for e in standing)
        minutes = {e.claim_id: e.minutes for e in standing}
        given = collections.Counter(int(e.claim_id) for e in entries if e.kind != "void")
        settled = collections.Counter(int(e.claim_id) for e in entries
                                      if e.kind == "grant" and int(e.created_by) == self.recorder.account_id)
        for claim in rows(self.server, ["id", "state", "minutes"], "FROM ledger_claim"):
            assert live[claim.id] == (claim.state == "granted"), claim
            assert claim.state != "granted" or minutes[claim.id] == claim.minutes, claim
            told = sum(self.told[int(claim.id), deed] for deed in ("approve", "regrant", "accept"))
            assert given[int(claim.id)] == settled[int(claim.id)] + told, (claim, "not what was answered")


def test_what_is_recorded_stays_as_it_was(world):
    """Settling that was cut off leaves records of an activity that is not settled."""
    server = world.server
    activity = ended_activity(server, world.north, FIRST_DAY, 2)
    attendance(server, activity, world.volunteer()["id"], FIRST_DAY, 2)
    world.root.post(f"/admin/activities/{activity}/settle", expect=200)
    server.sql(f"UPDATE activity SET state = 'ended' WHERE id = {activity}")
    attended = int(server.sql(f"SELECT id FROM attendance WHERE activity_id = {activity}"))
    refused = world.root.post(f"/admin/attendances/{attended}/void", {"reason": "p"}, expect=409)
    assert (refused.code, refused["current"]) == ("activity_not_running", "settled")
    server.sql(f"UPDATE attendance SET state = 'voided' WHERE id = {attended}")
    found = server.vomsctl("ledger", "verify", check=False)
    assert found.returncode != 0 and "without a good attendance" in found.stdout + found.stderr
    server.sql(f"UPDATE attendance SET state = 'completed' WHERE id = {attended}")


def test_the_ledger_holds_whatever_people_do_at_once(new_server):
    server = new_server()
    crowd = Ledger(server)
    for number in range(ROUNDS):
        crowd.look()
        crowd.round(number, crowd.step if crowd.claims else crowd.begin)
        crowd.check()
    print(dict(crowd.statuses))
    done = {(path, status) for _, path, status in crowd.statuses}
    assert {("settle", 200), ("disputes", 201), ("decision", 200), ("void", 200)} <= done, "it came to nothing"
