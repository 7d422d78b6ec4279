"""Two tenants in one database: the caller's own, kept in stock, and another, of which the caller may learn nothing."""

import json
import secrets
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jwt
from tests.database.fingerprints import UUID, fingerprints, identifiers, relations_of, tables_of
from tests.database.world import MARKER, make_world
from tests.databases import Connection, Database, set_claims
from tests.faces.conftest import Signer
from tests.factories import EXAMPLE_WORKFLOW, Key, Member, Robot, Tenant, make_key, make_member, make_robot, make_tenant

from casare_cloud.config import Settings

CALLERS = ("nobody", "robot key", "admin", "developer", "operator", "viewer", "service key")
STRANGER = "admin of the other tenant"  # who may not be asked as: a check of the checks
SHOWN = 8  # of each kind of thing, the newest

PASSWORD = "Correct-Horse-7"

# What a generator would never guess, and what is needed to get any further.
WORDS: dict[str, list[Any]] = {
    "password": [PASSWORD],
    "cron_expression": ["@daily", "0 9 * * 1-5"],
    "schedule_cron": ["@hourly"],
    "trigger_type": ["manual", "scheduled"],
    "timezone": ["Europe/Berlin"],
    "scopes": [["jobs.read"], ["jobs.*", "workflows.read"]],
    "expires_at": ["2999-01-01T00:00:00Z"],
    "retry_policy": [{"policy": "fixed", "base_delay_seconds": 5}],
    "workflow_json": [EXAMPLE_WORKFLOW],
    "file": [json.dumps(EXAMPLE_WORKFLOW)],
    "sha256": ["ab" * 32],
    "environment": ["default"],
}

Headers = Mapping[str, str]
Things = dict[str, list[Any]]


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; `leaving` are headers for a request that may end the session that they stand for."""

    name: str
    headers: Headers
    leaving: Callable[[], Headers]


@dataclass
class Neighbours:
    """What both tenants have, by the name that requests give it; what betrays the other one; whether that changed."""

    database: Database
    settings: Settings
    tenant: Tenant = field(init=False)
    own: Things = field(default_factory=lambda: defaultdict(list, WORDS))
    others: Things = field(init=False)
    leases: dict[str, int] = field(default_factory=dict)  # the caller's jobs in hand → the tokens of their leases
    _robot: Robot | None = None  # who claims what is claimed for the stock; a new one each time when it is nobody

    def __post_init__(self) -> None:
        world = make_world(self.database)
        self.tenant = make_tenant(self.database, "The caller's own")
        self._functions, self._owner = (
            self.database.connect("casare_functions"),
            self.database.connect("supabase_admin"),
        )
        with self.database.connect() as owner:  # one of each for hundreds of requests is more than a plan allows
            owner.execute("update private.calendar_quotas set max_calendars = 1000000")
        self._tables = tables_of(relations_of(self._owner))
        self._other_id, self._other_admin = world.tenant.tenant_id, world.tenant.admin
        self._ids = identifiers(self._owner, self._tables, self._other_id, self.tenant.tenant_id)
        logins = _logins_of(self._owner, self._other_id)
        self._words = {MARKER, "robot-of-a", "dedupe-of-a", "key-of-a", *logins}
        self.others = _named(world.targets, logins)
        self._settle()
        self._before = self._fingerprints()

    def secrets_in(self, text: str) -> set[str]:
        """The ids and words of the other tenant that stand in a text."""
        return (set(UUID.findall(text)) & self._ids) | {word for word in self._words if word in text}

    def changed(self) -> list[str]:
        """The tables in which the other tenant's rows are not as they were."""
        now = self._fingerprints()
        return [table for table in now if now[table] != self._before[table]]

    def _fingerprints(self) -> dict[str, str]:
        return fingerprints(self._owner, self._tables, self._other_id, self._words | self._ids, self.tenant.tenant_id)

    def _settle(self) -> None:
        """A user of the own tenant who can log in, with a refresh token that is good for once."""
        auth = f"{self.settings.supabase_url}/auth/v1"
        secret = self.settings.supabase_secret_key
        registration = {"tenant_name": "Of somebody who logs in", "username": "somebody"}
        user = {"email": "somebody@example.test", "password": PASSWORD, "email_confirm": True}
        for path, body in (
            ("/admin/users", {**user, "app_metadata": {"registration": registration}}),
            ("/token?grant_type=password", user),
        ):
            headers = {"apikey": secret, "Authorization": f"Bearer {secret}"}
            answer = httpx2.post(f"{auth}{path}", json=body, headers=headers, trust_env=False)
            assert answer.status_code == 200, answer.text
        self.own["refresh_token"] = [answer.json()["refresh_token"]]
        self.own["username"] = ["somebody", "somebody@example.test"]

    # -- callers

    def caller(self, name: str) -> Caller:
        """One of `CALLERS`, of the own tenant, or `STRANGER`."""
        if name == "nobody":
            return _same(name, {})
        if name == STRANGER:
            return _same(name, self._bearer(self._other_admin))
        if name == "robot key":
            self._robot = make_robot(self.database, self.tenant, "robot-of-the-caller", max_concurrent_jobs=100)
            self.own["robot_id"] += [self._robot.external_id, str(self._robot.robot_id)]
            return _same(name, {"X-Api-Key": self._robot.key.text})
        if name == "service key":
            key = make_key(self.database, self.tenant, "service", scopes=["*"])
            return _same(name, {"Authorization": f"Bearer {key.text}"})
        member = self.tenant.admin if name == "admin" else make_member(self.database, self.tenant, name)
        guest = make_member(self.database, self.tenant, name)  # who can log out everywhere
        return Caller(name, self._bearer(member), lambda: self._bearer(guest, self._new_session(guest)))

    def _bearer(self, member: Member, session_id: uuid.UUID | None = None) -> Headers:
        signer = Signer("platform-key", jwt.algorithms.ECAlgorithm.from_jwk(self.settings.signing_key))
        claims = {**member.claims, "session_id": str(session_id or member.session_id)}
        return {"Authorization": f"Bearer {signer.token(claims)}"}

    def _new_session(self, member: Member) -> uuid.UUID:
        session_id = uuid.uuid4()
        self._owner.execute(
            "insert into auth.sessions (id, user_id, created_at, updated_at, aal) "
            "values (%s, %s, now(), now(), 'aal1')",
            [session_id, member.user_id],
        )
        return session_id

    # -- stock

    def restock(self) -> None:
        """One more of everything for requests to find: a workflow, jobs in every state, a robot, keys, a schedule."""
        word = uuid.uuid4().hex[:8]
        with self._functions.transaction():
            self._functions.execute("set local role authenticated")
            made = self._make_one_of_each(word)
        for name, things in made.items():
            kept = [*self.own[name], *(thing if isinstance(thing, list) else str(thing) for thing in things)]
            self.own[name] = kept[-SHOWN:]

    def _make_one_of_each(self, word: str) -> Things:
        robot = self._robot or self._new_robot(word)
        robot_id = str(robot.robot_id)
        if self._robot is not None:  # it may have said anything of itself
            self._make("set_robot_status(%s, 'idle')", robot_id)
            self._make("update_robot(%s, %s)", robot_id, '{"max_concurrent_jobs": 100, "environment": "default"}')
        workflow_id = self._make("submit_workflow(%s, %s)", word, json.dumps(EXAMPLE_WORKFLOW))["workflow_id"]
        waiting = "enqueue_job(%s, p_dedupe_key => %s, p_required_tags => '{none}', p_concurrency_key => %s)"
        queued = self._make(waiting, workflow_id, word, word)["job_id"]
        for _ in range(3):
            self._make("enqueue_job(%s, p_robot_id => %s)", workflow_id, robot_id)
        schedule_id = self._make(
            "create_schedule(jsonb_build_object("
            "'workflow_id', %s::uuid, 'name', %s::text, 'cron_expression', '@daily'))",
            workflow_id,
            word,
        )["schedule_id"]
        self._make("trigger_schedule(%s)", schedule_id)
        calendar_id = self._make("create_calendar(jsonb_build_object('name', %s::text)) as answer", word)["answer"][
            "calendar_id"
        ]
        trigger_id = self._make("create_trigger(%s, %s, 'manual')", workflow_id, word)["trigger_id"]
        self._make("set_limit('workflow', %s, null, 100)", workflow_id)
        self._make("set_limit('key', null, %s)", word)
        command = self._make("command_robot(%s, 'resume') as answer", robot_id)["answer"]
        robot_key = self._new_key("robot", word)
        service_key = self._new_key("service", word, scopes=["jobs.read"])
        claimed = self._make_all("claim_jobs(3, p_lease_seconds => 3600)", who=robot)
        leases = [(job["job_id"], job["lease_token"]) for job in claimed]
        (done, token), (failed, token_of_failed), (held, token_of_held) = leases
        self._make("append_job_logs(%s, %s, %s)", done, token, '[{"message": "Hello"}]', who=robot)
        self._make("complete_job(%s, %s, '{}')", done, token, who=robot)
        self._make("fail_job(%s, %s, 'It broke.', p_retryable => false)", failed, token_of_failed, who=robot)
        self.leases[str(held)] = token_of_held
        return {
            "workflow_id": [workflow_id],
            "workflow_name": [word],
            "job_id": [done, failed, queued, held],
            "job in hand": [held],
            "dead letter": [failed],
            "job_ids": [[str(failed)], [str(queued), str(failed)]],
            "robot_id": [robot.external_id, robot_id],
            "schedule_id": [schedule_id],
            "trigger_id": [trigger_id],
            "calendar_id": [calendar_id],
            # what the automation face calls them
            "execution_id": [done, failed, queued, held],
            "agent_id": [robot_id],
            "ids": [[str(failed), str(queued)], [str(workflow_id)]],
            "robot key": [robot_key],
            "service key": [service_key],
            "acknowledged_commands": [[str(command["command_id"])]],
            "dedupe_key": [word],
            "concurrency_key": [word],
            "email": [f"{word}@example.test"],
        }

    def _new_robot(self, word: str) -> Robot:
        name = f"robot-{word}"
        robot_id = self._make("register_robot(%s, %s, p_max_concurrent_jobs => 100)", name, word)["robot_id"]
        key = Key(self._new_key("robot", word, robot_id), self.tenant.tenant_id, "robot", robot_id, "", b"")
        robot = Robot(robot_id, self.tenant.tenant_id, name, key)
        self._make("record_heartbeat()", who=robot)
        return robot

    def _new_key(
        self, kind: str, name: str, robot_id: uuid.UUID | None = None, scopes: Sequence[str] = ()
    ) -> uuid.UUID:
        values = [kind, name, secrets.token_bytes(32), robot_id, list(scopes)]
        key_id: uuid.UUID = self._make("create_api_key(%s, %s, %s, 'prefix', %s, %s)", *values)["api_key_id"]
        return key_id

    def _make(self, function: str, *params: Any, who: Robot | None = None) -> dict[str, Any]:
        return self._make_all(function, *params, who=who)[0]

    def _make_all(self, function: str, *params: Any, who: Robot | None = None) -> list[dict[str, Any]]:
        """What a function answers to a robot, or to the tenant's administrator."""
        set_claims(self._functions, (who or self.tenant.admin).claims)
        return self._functions.execute(f"select * from public.{function}", params).fetchall()


def _same(name: str, headers: Headers) -> Caller:
    return Caller(name, headers, lambda: headers)


def _logins_of(owner: Connection, tenant_id: uuid.UUID) -> list[str]:
    rows = owner.execute(
        "select u.email::text as email, p.username::text as username from public.memberships as m "
        "join auth.users as u on u.id = m.user_id join public.profiles as p on p.user_id = m.user_id "
        "where m.tenant_id = %s",
        [tenant_id],
    )
    return [word for row in rows.fetchall() for word in row.values() if word]


def _named(targets: Mapping[str, Any], logins: list[str]) -> Things:
    """Things of the other tenant, by the names that requests give them."""
    jobs = [str(targets[name]) for name in ("queued", "held", "done", "failed")]
    robot = [targets["robot"], targets["robot_name"]]
    return {
        "workflow_id": [str(targets["workflow"])],
        "workflow_name": [f"Workflow {MARKER}"],
        "search": [MARKER],
        "job_id": jobs,
        "job in hand": [str(targets["held"])],
        "dead letter": [str(targets["failed"])],
        "job_ids": [jobs],
        "robot_id": robot,
        "schedule_id": [str(targets["schedule"])],
        "trigger_id": [str(targets["trigger"])],
        "execution_id": jobs,
        "agent_id": [str(targets["robot"])],
        "ids": [jobs, [str(targets["workflow"])]],
        "robot key": [str(targets["robot_key"])],
        "service key": [str(targets["key"])],
        "key_id": [str(targets["key"])],
        "user_id": [str(targets["user"])],
        "user_ids": [[str(targets["user"])]],
        "role_id": [str(targets["role"])],
        "acknowledged_commands": [[str(targets["command"])]],
        "dedupe_key": [targets["dedupe_key"]],
        "concurrency_key": [targets["concurrency_key"]],
        "lease_token": [targets["lease"]],
        "tenant_id": [str(targets["tenant"])],
        "idempotency-key": [targets["idempotency_key"]],
        "username": logins[:2],
        "email": [login for login in logins if "@" in login][:1],
    }
