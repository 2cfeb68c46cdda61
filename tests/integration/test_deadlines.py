"""Deadlines, by moving the clock of a server: to just before, to just after, and back.

Times below are minutes from the moment at which the test began, which the server's clock counts from.
"""

import datetime
import time

import pytest
import rush
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api, Server
from ledger_rows import attendance, ended_activity

HOUR = 60
DAY = 24 * HOUR
MONTH_SECONDS = 30 * DAY * 60


class Times:
    """A server whose clock stands where a test puts it, and people with lasting sessions."""

    def __init__(self, server):
        self.server = server
        self.minutes = 0
        server.vomsctl("generate-volunteers", "24", "9")
        self.people = iter(rush.make_people(server, 24))

    def at(self, minutes):
        """Moves the clock; every schedule is due then. A message that is not delivered when the clock goes
        back would wait until it is there again."""
        if minutes < self.minutes:
            self.settled()
        self.minutes = minutes
        self.server.move_clock(datetime.timedelta(minutes=minutes))

    def person(self):
        volunteer, account, session = next(self.people)
        api = Api(self.server, rush.access_token(account, session, lasts=MONTH_SECONDS))
        api.volunteer = volunteer
        return api

    def staff(self):
        """Access tokens last minutes: logs in at the time that it is now."""
        api = Api(self.server)
        api.login(SUPER_USERNAME, SUPER_PASSWORD)
        return api

    def place(self, places=1, *, starts=10 * DAY, lasts=2 * HOUR, **columns):
        """{activity, shift, position} that begins at so many minutes."""
        made = rush.make_place(self.server, places, starts_in=starts * 60, lasts=lasts * 60, **columns)
        return dict(zip(("activity", "shift", "position"), made))

    def instant(self, minutes):
        return rush.instant(self.server, minutes * 60)

    def one(self, query):
        return self.server.sql(f"SELECT {query}").strip()

    def wait(self, query, wanted, seconds=40):
        """A schedule or a message brings it about."""
        deadline = time.monotonic() + seconds
        while (found := self.one(query)) != wanted:
            assert time.monotonic() < deadline, f"{query}: {found} instead of {wanted}"
            time.sleep(0.1)

    def settled(self):
        """All that schedules and messages had to do is done: what did not happen will not happen."""
        self.wait("(SELECT count(*) FROM outbox WHERE relayed_at IS NULL) + (SELECT count(*) FROM delivery)", "0")

    def run(self, name):
        """Lets a schedule run and waits until it has."""
        api = self.staff()
        runs = self.schedule(api, name)["runs"]
        api.post(f"/admin/schedules/{name}/run", expect=204)
        deadline = time.monotonic() + 40
        while self.schedule(api, name)["runs"] == runs:
            assert time.monotonic() < deadline, f"{name} does not run"
            time.sleep(0.05)
        self.settled()

    @staticmethod
    def schedule(api, name):
        return next(s for s in api.get("/admin/schedules")["items"] if s["name"] == name)

    def notices(self, api, kind):
        return int(self.one(f"count(*) FROM notice WHERE volunteer_id = {api.volunteer} AND kind = '{kind}'"))


@pytest.fixture(scope="module")
def module_server(profile, cluster):
    server = Server(profile, cluster).start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def all_times(module_server):
    return Times(module_server)


@pytest.fixture
def times(all_times):
    """Each test ends with the clock where it was."""
    yield all_times
    all_times.at(0)


def sign_up(api, place, *, expect=201):
    return api.post("/me/signups", {"shift_id": place["shift"], "position_id": place["position"]}, expect=expect)


def test_signing_up_opens_and_closes_to_the_minute(times):
    place = times.place(sign_up_opens_at=times.instant(HOUR), sign_up_closes_at=times.instant(3 * HOUR))
    early, late = times.person(), times.person()
    assert sign_up(early, place, expect=409).code == "not_open_yet"
    times.at(HOUR - 1)
    assert sign_up(early, place, expect=409).code == "not_open_yet"
    times.at(HOUR + 1)
    assert sign_up(early, place)["state"] == "approved"
    times.at(3 * HOUR - 1)
    assert late.get(f"/me/shifts/{place['shift']}/eligibility")["positions"][0]["eligible"]
    times.at(3 * HOUR + 1)
    assert sign_up(late, place, expect=409).code == "sign_up_closed"
    times.at(HOUR - 1)  # a clock that was set back changes nothing that was decided
    assert sign_up(late, place, expect=409).code == "not_open_yet"
    assert times.one(f"state FROM signup WHERE shift_id = {place['shift']}") == "approved"


def test_without_a_closing_time_sign_up_closes_with_the_start(times):
    place = times.place(2, starts=4 * HOUR)
    times.at(4 * HOUR - 1)
    sign_up(times.person(), place)
    times.at(4 * HOUR + 1)
    assert sign_up(times.person(), place, expect=409).code == "sign_up_closed"


def test_volunteers_cancel_until_the_deadline_and_staff_after_it(times):
    place = times.place(2, starts=3 * DAY, cancel_deadline_minutes=DAY)
    one, other = times.person(), times.person()
    first, second = sign_up(one, place)["id"], sign_up(other, place)["id"]
    times.at(2 * DAY - 1)
    one.post(f"/me/signups/{first}/cancel", {}, expect=200)
    times.at(2 * DAY + 1)
    assert other.post(f"/me/signups/{second}/cancel", {}, expect=409).code == "cancel_deadline_passed"
    times.at(2 * DAY - 1)
    times.at(2 * DAY + 1)
    times.staff().post(f"/admin/signups/{second}/cancel", {"reason": "ill"}, expect=200)


def test_an_offer_lapses_and_goes_to_the_next(times):
    place = times.place(waitlist="'offer'", offer_minutes=120)
    holder, first, second = times.person(), times.person(), times.person()
    held, offered, waits = (sign_up(api, place)["id"] for api in (holder, first, second))
    holder.post(f"/me/signups/{held}/cancel", {}, expect=200)
    state = "state FROM signup WHERE id = "
    assert times.one(state + str(offered)) == "offered"
    times.at(2 * HOUR - 1)
    times.run("signup-offers")
    assert times.one(state + str(offered)) == "offered"
    times.at(2 * HOUR + 1)
    times.wait(state + str(offered), "cancelled")
    assert times.one(state + str(waits)) == "offered"
    assert first.post(f"/me/signups/{offered}/accept", expect=409).code == "state_conflict"
    second.post(f"/me/signups/{waits}/accept", expect=200)
    times.at(0)
    times.run("signup-offers")
    assert (times.one(state + str(offered)), times.one(state + str(waits))) == ("cancelled", "approved")


def test_reminders_come_a_day_and_two_hours_before_once(times):
    place = times.place(2, starts=5 * DAY)
    api = times.person()
    sign_up(api, place)
    for minutes, day, hours in ((4 * DAY - 1, 0, 0), (4 * DAY + 1, 1, 0), (4 * DAY + 30, 1, 0),
                                (5 * DAY - 2 * HOUR - 1, 1, 0), (5 * DAY - 2 * HOUR + 1, 1, 1), (4 * DAY + 1, 1, 1),
                                (5 * DAY - 1, 1, 1)):
        times.at(minutes)
        times.run("notice.remind")
        assert (times.notices(api, "reminder.day"), times.notices(api, "reminder.hours")) == (day, hours), minutes


def test_after_a_pause_only_the_reminder_that_still_helps_is_sent(times):
    place = times.place(2, starts=6 * DAY)
    api = times.person()
    sign_up(api, place)
    times.at(6 * DAY - HOUR)
    times.run("notice.remind")
    assert (times.notices(api, "reminder.day"), times.notices(api, "reminder.hours")) == (0, 1)
    times.at(6 * DAY + 1)
    times.run("notice.remind")
    assert (times.notices(api, "reminder.day"), times.notices(api, "reminder.hours")) == (0, 1)


def test_activities_begin_and_end_and_attendances_are_closed(times):
    place = times.place(2, starts=7 * DAY)
    came, absent = times.person(), times.person()
    for api in (came, absent):
        sign_up(api, place)
    state = f"state FROM activity WHERE id = {place['activity']}"
    there = f"state FROM attendance WHERE shift_id = {place['shift']} AND volunteer_id = "
    signup = f"state FROM signup WHERE shift_id = {place['shift']} AND volunteer_id = "
    times.at(7 * DAY - 1)
    times.run("activity-states")
    assert times.one(state) == "published"
    times.at(7 * DAY + 1)
    times.wait(state, "in_progress")
    times.staff().post(f"/admin/shifts/{place['shift']}/taps", {"volunteer_id": came.volunteer, "direction": "in"}, expect=200)
    times.at(7 * DAY + 2 * HOUR - 1)
    times.run("activity-states")
    assert times.one(state) == "in_progress"
    times.at(7 * DAY + 2 * HOUR + 1)
    times.wait(state, "ended")
    times.at(7 * DAY + 4 * HOUR - 1)  # the window after a shift is two hours
    times.run("attendance_close")
    times.run("attendance_absent")
    assert times.one(there + str(came.volunteer)) == "present"
    times.at(7 * DAY + 4 * HOUR + 1)
    times.wait(there + str(came.volunteer), "completed")
    times.wait(there + str(absent.volunteer), "absent")
    times.settled()
    closed = times.one("grade, review, check_out_method, check_out_at = s.ends_at FROM attendance a JOIN shift s "
                       f"ON s.id = a.shift_id WHERE s.id = {place['shift']} AND volunteer_id = {came.volunteer}")
    assert closed in ("C|needed|automatic|t", "C|needed|automatic|1")
    assert times.one(signup + str(absent.volunteer)) == "absent"
    assert (times.notices(came, "attendance.missing"), times.notices(absent, "attendance.absent")) == (1, 1)
    times.at(7 * DAY - 1)  # set back: nothing begins again
    times.run("activity-states")
    times.run("attendance_absent")
    assert times.one(state) == "ended"
    assert (times.notices(came, "attendance.missing"), times.notices(absent, "attendance.absent")) == (1, 1)


def test_records_are_overdue_after_ten_working_days(times):
    """Two weeks from Friday to Friday in China without holidays; the day itself is still in time."""
    china = datetime.timezone(datetime.timedelta(hours=8))
    now = datetime.datetime.now(datetime.timezone.utc)
    ended = datetime.datetime(2025, 11, 21, 9, tzinfo=china)
    activity = ended_activity(times.server, 1, ended, 2)
    attendance(times.server, activity, times.person().volunteer, ended, 2)

    def day(date, hour):
        return (datetime.datetime(2025, 12, date, hour, tzinfo=china) - now).total_seconds() / 60

    told = f"count(*) FROM outbox WHERE subject = 'record.overdue' AND key = 'activity:{activity}'"
    overdue = f"overdue_at IS NOT NULL FROM settlement WHERE activity_id = {activity}"
    times.at(day(5, 23))
    times.run("ledger-record-clock")
    assert times.one(f"due_on FROM settlement WHERE activity_id = {activity}") == "2025-12-05"
    assert times.one(told) == "0"
    times.at(day(6, 1))
    times.wait(overdue, "t" if times.server.profile == "postgres" else "1")
    shown = times.staff().get(f"/admin/activities/{activity}/settlement")
    assert shown["is_overdue"] and shown["due_on"] == "2025-12-05"
    times.at(day(5, 23))
    times.at(day(9, 1))
    times.run("ledger-record-clock")
    assert times.one(told) == "1"


def test_tokens_lapse_and_ended_sessions_are_cleaned_up(times):
    api = times.staff()
    token, refresh = api.token, api.refresh_token
    times.at(14)
    api.get("/admin/schedules")
    times.at(16)
    api.get("/admin/schedules", expect=401)
    renewed = api.anonymous(address=api.address).post("/auth/refresh", {"refresh_token": refresh}, expect=200)
    assert renewed["access_token"] != token
    session = times.one(f"max(id) FROM session WHERE account_id = {api.account_id}")
    times.at(31 * DAY)
    late = api.anonymous(address=api.address).post("/auth/refresh", {"refresh_token": renewed["refresh_token"]}, expect=401)
    assert late.code
    times.run("session-clean-up")
    kept = f"count(*) FROM session WHERE id = {session}"
    assert times.one(kept) == "1"  # for as long as the settings say
    times.at(500 * DAY)
    times.run("session-clean-up")
    assert times.one(kept) == "0"


def test_schedules_go_on_after_the_clock_was_set_back(times):
    """What comes next is told by the clock as it is now, also of schedules that ran while it was ahead; and those
    that are due every few seconds run again without being asked."""
    times.at(20 * DAY)
    times.run("notice.remind")
    times.at(0)
    api = times.staff()
    before = {s["name"]: s for s in api.get("/admin/schedules")["items"]}
    now = datetime.datetime.now(datetime.timezone.utc)
    for schedule in before.values():
        ahead = (datetime.datetime.fromisoformat(schedule["next_at"]) - now).total_seconds()
        assert -5 <= ahead <= schedule["every_seconds"] + 5, schedule
    often = [name for name, schedule in before.items() if schedule["every_seconds"] <= 10]
    assert {"audit-seal", "signup-offers"} <= set(often)
    deadline = time.monotonic() + 40
    for name in often:
        # The first of these runs was asked for by the clock.
        while (schedule := times.schedule(api, name))["runs"] < before[name]["runs"] + 2:
            assert time.monotonic() < deadline, schedule
            time.sleep(0.1)
        started = datetime.datetime.fromisoformat(schedule["last_started_at"])
        assert abs((started - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) < 60, schedule
