"""Ended activities with attendances, written behind the server's back: days of service take no time here."""

import datetime
import itertools

_ids = itertools.count(900_000)


def _literal(server, moment):
    if server.profile == "postgres":
        return f"'{moment.isoformat()}'"
    return str(int(moment.timestamp() * 1000))


def _truth(server, value):
    return ("true" if value else "false") if server.profile == "postgres" else str(int(value))


def ended_activity(server, unit_id, starts_at, hours, *, person_in_charge="Wang Wu", declared=True):
    """An ended activity of one shift, which has the activity's id; the id."""
    activity = next(_ids)
    begin = _literal(server, starts_at)
    end = _literal(server, starts_at + datetime.timedelta(hours=hours))
    charge = "NULL" if person_in_charge is None else f"'{person_in_charge}'"
    server.sql(
        "INSERT INTO activity (id, unit_id, recording_unit_id, state, state_changed_at, name, category, description,"
        " place_name, radius_m, person_in_charge, is_volunteer_service, visibility, time_zone, cancel_deadline_minutes,"
        " approval, waitlist, offer_minutes, starts_at, ends_at, created_at, updated_at) VALUES"
        f" ({activity}, {unit_id}, {unit_id}, 'ended', {end}, 'Clean-up {activity}', 'environment', 'Cleaning the bank',"
        f" 'River park', 200, {charge}, {_truth(server, declared)}, 'public', 'Asia/Shanghai', 1440, 'automatic',"
        f" 'promote', 60, {begin}, {end}, {begin}, {begin})")
    server.sql("INSERT INTO shift (id, activity_id, starts_at, ends_at, state, created_at, updated_at) VALUES"
               f" ({activity}, {activity}, {begin}, {end}, 'planned', {begin}, {begin})")
    return activity


def attendances(server, activity, volunteer_ids, starts_at, hours, grade="A"):
    """They were there from then on, for so long."""
    begin = _literal(server, starts_at)
    end = _literal(server, starts_at + datetime.timedelta(hours=hours))
    method, review = ("back_fill", "needed") if grade == "D" else ("rotating_code", "none")
    for first in range(0, len(volunteer_ids), 500):
        rows = ",".join(f"({activity}, {activity}, {volunteer_id}, 'completed', '{grade}', {begin}, '{method}', {end}, "
                        f"'{method}', '{review}', {end}, {end})" for volunteer_id in volunteer_ids[first:first + 500])
        server.sql("INSERT INTO attendance (activity_id, shift_id, volunteer_id, state, grade, check_in_at, "
                   "check_in_method, check_out_at, check_out_method, review, created_at, updated_at) VALUES " + rows)


def attendance(server, activity, volunteer_id, starts_at, hours, grade="A"):
    """Somebody was there from then on, for so long."""
    attendances(server, activity, [volunteer_id], starts_at, hours, grade)
