"""A small organisation in a server, made through the API alone.

    root (id 1)
    ├── north ── north_team
    └── south
"""

import datetime

import people
from harness import SUPER_PASSWORD, SUPER_USERNAME, Api

PASSWORD = "Quiet-River-42x"
PNG = b"\x89PNG\r\n\x1a\n" + b"not much of a picture"
ROLES = ("unit_administrator", "coordinator", "front_desk", "recorder", "auditor", "volunteer")


def instant(hours):
    """The time so many hours from now, as the API writes it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:00.000Z")


class World:
    def __init__(self, server):
        self.server = server
        self.root = Api(server)
        self.root.login(SUPER_USERNAME, SUPER_PASSWORD)
        self.root_unit = 1
        tag = people.word("u")
        self.north = self.unit(f"North {tag}", applications_open=True)
        self.north_team = self.unit(f"North team {tag}", parent_id=self.north)
        self.south = self.unit(f"South {tag}", applications_open=True)
        self.roles = {r["code"]: r for r in self.root.pages("/admin/roles")}
        self.policy_version = self.root.get("/public/system/info")["privacy_policy_version"]
        self._logins = {}

    def unit(self, name, parent_id=None, **fields):
        body = {"name": name, "parent_id": parent_id or self.root_unit, **fields}
        return self.root.post("/admin/units", body, expect=201)["id"]

    def account(self, *, username=None, password=PASSWORD, **fields):
        """A new account as the API shows it."""
        body = {"username": username or people.word("acc"), "password": password, "must_change_password": False, **fields}
        return self.root.post("/admin/accounts", body, expect=201).json()

    def grant(self, account_id, role, unit_id):
        body = {"role_id": self.roles[role]["id"], "unit_id": unit_id}
        return self.root.post(f"/admin/accounts/{account_id}/grants", body, expect=201).json()

    def new_login(self, *grants, volunteer_id=None):
        """A logged-in client of a new account; each grant is (role code, unit id)."""
        fields = {"volunteer_id": volunteer_id} if volunteer_id else {}
        account = self.account(**fields)
        for role, unit_id in grants:
            self.grant(account["id"], role, unit_id)
        api = Api(self.server)
        api.login(account["username"], PASSWORD)
        return api

    def login(self, role, unit_id=None):
        """The client of the run's account with that role on that unit (north when not named)."""
        key = (role, unit_id or self.north)
        if key not in self._logins:
            self._logins[key] = self.new_login((role, unit_id or self.north))
        return self._logins[key]

    def draft(self, **fields):
        """The body for a new volunteer."""
        body = {
            "name": people.name(),
            "gender": "female",
            "birth_date": "1990-05-17",
            "phone": people.phone(),
            "unit_id": self.north,
            "consent": {"policy_version": self.policy_version, "note": "signed form"},
        }
        body.update(fields)
        return {k: v for k, v in body.items() if v is not ...}

    def volunteer(self, api=None, **fields):
        """A new volunteer as the API shows it."""
        return (api or self.root).post("/admin/volunteers", self.draft(**fields), expect=201).json()

    def volunteer_login(self, **fields):
        """A volunteer with an account: (client, volunteer)."""
        volunteer = self.volunteer(**fields)
        return self.new_login(volunteer_id=volunteer["id"]), volunteer

    def activity(self, api=None, **fields):
        """A new activity, complete but for positions and shifts, as the API shows it."""
        body = {
            "unit_id": self.north, "name": "Clean the shore", "category": "environment", "description": "With gloves.",
            "place_name": "North shore", "point": {"latitude": 30.55, "longitude": 114.36}, "risk_notice": "It is slippery.",
            "contact_name": "Li Lei", "contact_phone": "010-12345678", "person_in_charge": "Han Meimei",
            "is_volunteer_service": True,
        }
        body.update(fields)
        body = {k: v for k, v in body.items() if v is not ...}
        return (api or self.root).post("/admin/activities", body, expect=201).json()

    def position(self, activity_id, api=None, **fields):
        body = {"name": "Helper", "needed": 3, **fields}
        return (api or self.root).post(f"/admin/activities/{activity_id}/positions", body, expect=201).json()

    def shift(self, activity_id, api=None, *, hours=24, length=3, **fields):
        """A shift that begins so many hours from now."""
        body = {"starts_at": instant(hours), "ends_at": instant(hours + length), **fields}
        return (api or self.root).post(f"/admin/activities/{activity_id}/shifts", body, expect=201).json()

    def published(self, *, hours=24, length=3, needed=3, **fields):
        """A published activity with one position and one shift: (activity, position, shift)."""
        activity = self.activity(**fields)
        position = self.position(activity["id"], needed=needed)
        shift = self.shift(activity["id"], hours=hours, length=length)
        return self.root.post(f"/admin/activities/{activity['id']}/publish", expect=200).json(), position, shift

    def evidence(self, api=None):
        """The id of a file that proves something."""
        return (api or self.root).post("/admin/files", data=PNG, params={"filename": "名单.png"}, expect=201,
                                       headers={"Content-Type": "application/octet-stream"})["id"]

    def back_filled(self, shift, api=None, **fields):
        """An attendance of somebody new, entered afterwards: (attendance, file id)."""
        file_id = self.evidence(api)
        body = {"volunteer_id": self.volunteer()["id"], "check_in_at": instant(-0.4), "check_out_at": instant(-0.1),
                "reason": "the paper list", "evidence_file_id": file_id, **fields}
        made = (api or self.root).post(f"/admin/shifts/{shift['id']}/back-fills", body, expect=201)
        return made.json(), file_id

    def application(self, **fields):
        """The body of a public application."""
        body = {
            "username": people.word("app"),
            "password": PASSWORD,
            "name": people.name(),
            "gender": "male",
            "birth_date": "1992-02-03",
            "phone": people.phone(),
            "unit_id": self.north,
            "consent": {"policy_version": self.policy_version},
        }
        body.update(fields)
        return {k: v for k, v in body.items() if v is not ...}

    def open_applications(self):
        self.root.patch("/admin/settings", {"applications_open": True})
