"""A province in a database, made by SQL alone: units, volunteers, activities, attendances and ledger entries of three
years. Made for reading: foreign keys are not checked, and of the two large tables only the indexes that statistics use
are there.
"""

import subprocess

CITIES, DISTRICTS, TEAMS = 20, 10, 15  # of the organisation, of a city, of a district
FIRST_CITY = 2
FIRST_DISTRICT = FIRST_CITY + CITIES
FIRST_TEAM = FIRST_DISTRICT + CITIES * DISTRICTS
LAST_TEAM = FIRST_TEAM + CITIES * DISTRICTS * TEAMS - 1
MONTHS = 36
PEOPLE = 50  # of an activity; the last three of them do not come

UNITS = f"""
INSERT INTO unit (id, parent_id, path, path_names, depth, name, created_at, updated_at)
SELECT {FIRST_CITY} + i, 1, '/1/' || {FIRST_CITY} + i || '/', 'City ' || i, 1, 'City ' || i, now(), now()
FROM generate_series(0, {CITIES - 1}) i;
INSERT INTO unit (id, parent_id, path, path_names, depth, name, created_at, updated_at)
SELECT {FIRST_DISTRICT} + i, p.id, p.path || {FIRST_DISTRICT} + i || '/', p.path_names || ' / District ' || i, 2,
       'District ' || i, now(), now()
FROM generate_series(0, {CITIES * DISTRICTS - 1}) i JOIN unit p ON p.id = {FIRST_CITY} + i / {DISTRICTS};
INSERT INTO unit (id, parent_id, path, path_names, depth, name, created_at, updated_at)
SELECT {FIRST_TEAM} + i, p.id, p.path || {FIRST_TEAM} + i || '/', p.path_names || ' / Team ' || i, 3, 'Team ' || i,
       now(), now()
FROM generate_series(0, {CITIES * DISTRICTS * TEAMS - 1}) i JOIN unit p ON p.id = {FIRST_DISTRICT} + i / {TEAMS};
INSERT INTO unit_ancestor (unit_id, ancestor_id)
SELECT u.id, a.id FROM unit u JOIN unit a ON u.path LIKE a.path || '%' WHERE u.id > 1;
"""

# Who joined, over the three years; a few of every state.
VOLUNTEERS = """
INSERT INTO volunteer (id, number, unit_id, state, state_changed_at, name, name_pinyin, name_initials, name_terms, gender,
    skills, service_categories, languages, custom, created_at, updated_at)
SELECT i, 'V' || lpad(i::text, 9, '0') || '0', {first} + i % {units},
       (ARRAY['active', 'active', 'active', 'active', 'active', 'active', 'active', 'inactive', 'suspended',
              'applicant'])[1 + i / 7 % 10],
       now(), 'Volunteer ' || i, 'volunteer', 'v', '', 'unspecified', '[]', '[]', '[]', '{{}}',
       now() - i % {days} * interval '1 day', now()
FROM generate_series({low}, {high}) i;
"""

# One shift each, with the activity's id.
ACTIVITIES = """
INSERT INTO activity (id, unit_id, recording_unit_id, state, state_changed_at, name, category, description, place_name,
    radius_m, is_volunteer_service, visibility, time_zone, cancel_deadline_minutes, approval, waitlist, offer_minutes,
    starts_at, ends_at, published_at, created_at, updated_at)
SELECT i, u, u, 'settled', t, 'Clean-up ' || i, 'environment', 'Cleaning the bank', 'River park', 200, true, 'public',
       'Asia/Shanghai', 1440, 'automatic', 'promote', 60, t, t + interval '2 hours', t, t, t
FROM (SELECT i, {first} + i % {units} AS u, now() - i / 7 % {days} * interval '1 day' AS t
      FROM generate_series({low}, {high}) i) x;
INSERT INTO activity_position (id, activity_id, name, needed, required_skills, created_at, updated_at)
SELECT i, i, 'Helper', {people} + 10, '[]', now(), now() FROM generate_series({low}, {high}) i;
INSERT INTO shift (id, activity_id, starts_at, ends_at, state, created_at, updated_at)
SELECT a.id, a.id, a.starts_at, a.ends_at, 'planned', a.created_at, a.created_at
FROM activity a WHERE a.id BETWEEN {low} AND {high};
INSERT INTO shift_place (shift_id, position_id, needed, taken)
SELECT i, i, {people} + 10, {people} - 3 FROM generate_series({low}, {high}) i;
"""

ATTENDANCES = """
INSERT INTO attendance (id, activity_id, shift_id, volunteer_id, state, grade, check_in_at, check_in_method, check_out_at,
    check_out_method, minutes, review, created_at, updated_at)
SELECT (a.id - 1) * {people} + n + 1, a.id, a.id, 1 + (a.id * 37 + n * 7919) % {volunteers},
       CASE WHEN n < {people} - 3 THEN 'completed' ELSE 'absent' END,
       CASE WHEN n < {people} - 3 THEN 'A' END,
       CASE WHEN n < {people} - 3 THEN a.starts_at END, CASE WHEN n < {people} - 3 THEN 'rotating_code' END,
       CASE WHEN n < {people} - 3 THEN a.ends_at END, CASE WHEN n < {people} - 3 THEN 'rotating_code' END,
       CASE WHEN n < {people} - 3 THEN 120 END, 'none', a.starts_at, a.ends_at
FROM activity a CROSS JOIN generate_series(0, {people} - 1) n
WHERE a.id BETWEEN {low} AND {high};
INSERT INTO ledger_entry (id, volunteer_id, kind, minutes, claim_id, attendance_id, activity_id, unit_id, service_date,
    starts_at, ends_at, grade, idempotency_key, total_after, created_at)
SELECT t.id, t.volunteer_id, 'grant', t.minutes, t.id, t.id, t.activity_id, a.unit_id, a.starts_at::date, a.starts_at,
       a.ends_at, 'A', 'bench:' || t.id, t.minutes, a.ends_at
FROM attendance t JOIN activity a ON a.id = t.activity_id
WHERE t.activity_id BETWEEN {low} AND {high} AND t.state = 'completed';
"""

INDEXES = """
SELECT format('DROP INDEX %I', indexrelid::regclass::text)
FROM pg_index
WHERE indrelid IN ('attendance'::regclass, 'ledger_entry'::regclass) AND NOT indisprimary;
"""
NEEDED_INDEXES = """
CREATE INDEX attendance_activity_index ON attendance (activity_id, id);
CREATE INDEX ledger_entry_activity_index ON ledger_entry (activity_id, id);
"""


class Province:
    """Writes as the cluster's superuser, who alone may leave out the checks of foreign keys."""

    def __init__(self, cluster, database):
        self.url = f"postgresql://postgres@/{database}?host={cluster.directory}"

    def sql(self, text):
        settings = "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB';"
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url]
        result = subprocess.run(command, input=settings + text, capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(result.stderr)
        return result.stdout

    def fill(self, volunteers, attendances):
        activities = attendances // PEOPLE
        first, units, days = FIRST_CITY, LAST_TEAM - FIRST_CITY + 1, MONTHS * 30
        self.sql(";".join(self.sql(INDEXES).split("\n")))
        self.sql(UNITS)
        for low, high in chunks(volunteers, 100_000):
            self.sql(VOLUNTEERS.format(first=first, units=units, days=days, low=low, high=high))
        for low, high in chunks(activities, 20_000):
            self.sql(ACTIVITIES.format(first=first, units=units, days=days, low=low, high=high, people=PEOPLE))
            self.sql(ATTENDANCES.format(low=low, high=high, people=PEOPLE, volunteers=volunteers))
        self.sql(NEEDED_INDEXES)
        self.sql("VACUUM ANALYZE")


def chunks(count, size):
    return [(low, min(low + size - 1, count)) for low in range(1, count + 1, size)]


# What is asked for, and of which units at random (from, to); None: of everything.
SCREENS = (
    ("summary of everything", "summary", None),
    ("summary of a city", "summary?unit_id={unit}", (FIRST_CITY, FIRST_DISTRICT - 1)),
    ("summary of a district", "summary?unit_id={unit}", (FIRST_DISTRICT, FIRST_TEAM - 1)),
    ("summary of a team", "summary?unit_id={unit}", (FIRST_TEAM, LAST_TEAM)),
    ("36 months of a city", "months?unit_id={unit}&from=%(from)s", (FIRST_CITY, FIRST_DISTRICT - 1)),
    ("cities of a year", "units?year=%(year)s&limit=20", None),
    ("districts of a month", "units?unit_id={unit}&month=%(to)s&limit=20", (FIRST_CITY, FIRST_DISTRICT - 1)),
)
