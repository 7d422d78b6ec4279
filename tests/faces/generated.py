"""Generated requests to a face, by its own OpenAPI document, and what every answer must be like."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import unquote_plus
from zlib import crc32

import httpx2
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import UnsupportedMethodResponse
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema
from tests.database.fingerprints import UUID
from tests.faces.neighbours import Caller, Neighbours

from casare_cloud.faces.kit.app import App

BASE = "http://orchestrator"
LOGOUT = "POST /api/v1/auth/logout"
LONGEST_WAIT = 0.05  # seconds of long polling: what it answers after more is the same
CHECKS: list[CheckFunction] = [
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


async def schema_of(app: App) -> OpenApiSchema:
    """What generates requests. It keeps what it has found out of the document, so that callers should share it."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE) as client:
        return schemathesis.openapi.from_dict((await client.get("/openapi.json")).json())


@dataclass
class Requests:
    """Sends generated requests as one caller, and keeps what was wrong with the answers."""

    app: App
    schema: OpenApiSchema
    caller: Caller
    neighbours: Neighbours
    runner: asyncio.Runner
    luck: int = 0  # the same luck brings the same requests
    count: int = 0
    faults: dict[tuple[str, str], str] = field(default_factory=dict)  # the first of each kind
    statuses: dict[str, set[int]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)  # words of the other tenant that the caller wrote into its own

    def __post_init__(self) -> None:
        self._transport = httpx2.ASGITransport(self.app)
        self.operations: list[APIOperation[Any, Any, Any, Any]] = sorted(
            (found.ok() for found in self.schema.get_all_operations()), key=_harm
        )

    # -- generating

    def generate(self, mode: GenerationMode, examples: int) -> None:
        """So many requests to every operation that its schema allows, or forbids, with ids of things that exist."""
        self.neighbours.restock()
        for operation in self.operations:
            if mode.is_negative and "/health" in operation.path:
                continue  # nothing can be wrong with a request for it
            if mode.is_positive and _uses_up(operation):
                self.neighbours.restock()

            @seed(crc32(f"{self.caller.name} {mode.value} {operation.label}".encode(), self.luck))
            @settings(
                max_examples=examples,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(mode), st.data())
            def send(case: Case, data: st.DataObject) -> None:
                self.send(_fill(case, lambda things: data.draw(st.sampled_from(things)), self.neighbours))

            send()

    def cover(self) -> None:
        """Every limit of every schema, from both sides, and what no schema knows: methods, content types.

        Each operation is asked by one caller, who may use it.
        """
        self.neighbours.restock()
        for operation in self.operations:
            if self.caller.name != _user_of(operation.path):
                continue
            if _uses_up(operation):
                self.neighbours.restock()
            generation = self.schema.config.generation_for(operation=operation)
            dice = Random(operation.label)  # noqa: S311 — requests, no secrets
            for case in self.schema.iter_coverage_cases(
                operation, generation_modes=list(GenerationMode), generation_config=generation
            ):
                self.send(_fill(case, dice.choice, self.neighbours))

    @property
    def successes(self) -> set[str]:
        """The operations that were done at least once."""
        return {label for label, statuses in self.statuses.items() if min(statuses) < 300}

    @property
    def open_to_all(self) -> set[str]:
        """The operations that need no credential, as the document says."""
        return {found.label for found in self.operations if found.definition.raw.get("security") == []}

    # -- sending and judging

    def send(self, case: Case) -> None:
        """Sends a request, and judges the answer."""
        if isinstance(case.body, dict) and isinstance(wait := case.body.get("wait_seconds"), int | float):
            case.body["wait_seconds"] = min(wait, LONGEST_WAIT) if wait <= 25 else wait
        leaves = case.operation.label == LOGOUT
        headers = dict(self.caller.leaving() if leaves else self.caller.headers)
        prepared = requests.Request(**_only_request(case.as_transport_kwargs(base_url=BASE, headers=headers))).prepare()
        sent = [(name, _octets(value)) for name, value in prepared.headers.items()]
        answer = self._ask(
            httpx2.Request(prepared.method or "", prepared.url or "", headers=sent, content=prepared.body)
        )
        self.count += 1
        self.statuses.setdefault(case.operation.label, set()).add(answer.status_code)
        response = Response(
            answer.status_code,
            {name: answer.headers.get_list(name) for name in answer.headers},
            answer.content,
            prepared,
            elapsed=0,
            verify=False,
        )
        for fault, what in self._faults_of(case, response):
            self.faults.setdefault((case.operation.label, fault), what)

    def _ask(self, request: httpx2.Request) -> httpx2.Response:
        async def ask() -> httpx2.Response:
            response = await self._transport.handle_async_request(request)
            await response.aread()
            return response

        return self.runner.run(ask())

    def _faults_of(self, case: Case, response: Response) -> Iterator[tuple[str, str]]:
        shown = _shown(response)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                if isinstance(failure, UnsupportedMethodResponse) and self._is_another(case):
                    continue
                if isinstance(failure, AcceptedNegativeData) and _is_repeated(case):
                    continue  # of a parameter that comes more than once, the last one counts
                yield failure.title, f"{failure.message}\n{shown}"
        yield from ((fault, shown) for fault in self._faults_of_status(case, response))
        yield from ((fault, shown) for fault in self._leaks(case, response))

    def _is_another(self, case: Case) -> bool:
        """Whether it is a request for another operation: GET /jobs/claim is the job that is called "claim"."""
        return any(
            operation.method.upper() == case.method
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), case.formatted_path)
            for operation in self.operations
        )

    def _faults_of_status(self, case: Case, response: Response) -> Iterator[str]:
        """Statuses must be named: the document's `default` declares the shape of refusals, and no status."""
        status = response.status_code
        named = {str(code) for code in case.operation.responses.status_codes}
        probes = checks.is_unexpected_http_status_case(case)
        if status >= 500 and status != 501:
            yield f"{status}"
        elif str(status) not in named and not (probes and 400 <= status < 500):
            yield f"{status} is not declared"
        needed = {"x-request-id"} | ({"www-authenticate"} if status == 401 else set())
        yield from (f"has no {name}" for name in sorted(needed - response.headers.keys()))

    def _leaks(self, case: Case, response: Response) -> Iterator[str]:
        """What the answer tells of the other tenant, besides what the caller said in the body, or has kept."""
        sent = self.neighbours.secrets_in(_text(response.request.body))
        address = self.neighbours.secrets_in(unquote_plus(response.request.url or ""))
        text = response.text_lossy() + json.dumps(response.headers)
        is_success = response.status_code < 300
        allowed = self._told | sent | (set() if is_success else address)
        for word in sorted(allowed, key=len, reverse=True):
            text = text.replace(word, "")
        if told := self.neighbours.secrets_in(text):
            yield f"tells {sorted(told)}"
        named = set(UUID.findall(unquote_plus(case.formatted_path))) - self._told
        if is_success and named & address:
            yield "gives the other tenant's thing"
        if is_success:
            self._told |= sent


def check(asked: Requests) -> None:
    """Nothing was wrong with any answer, and the other tenant is as it was."""
    faults = [f"{label}: {fault}\n{what}" for (label, fault), what in asked.faults.items()]
    assert not faults, "\n\n".join(faults)
    assert asked.neighbours.changed() == []


def _harm(operation: APIOperation[Any, Any, Any, Any]) -> int:
    """Reading first, deleting last, leaving after that."""
    if operation.label == LOGOUT:
        return 3
    return {"get": 0, "delete": 2}.get(operation.method, 1)


def _user_of(path: str) -> str:
    if path in ("/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/register"):
        return "nobody"
    of_robots = (*_REPORTS, *_OF_AGENTS, "/claim", "/logs", "/register", "/status", "/heartbeat", "/token")
    is_robots = path.endswith(of_robots)
    return "robot key" if is_robots else "admin"


def _uses_up(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    return operation.method != "get" and ("{" in operation.path or "/dlq" in operation.path)


def _only_request(options: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    if files := options.get("files"):  # an upload's name ends in .json, else nothing but the name is looked at
        options["files"] = [
            (name, ("workflow.json", *part[1:])) if name == "file" and isinstance(part, tuple) else (name, part)
            for name, part in files
        ]
    return {name: options[name] for name in names if name in options}


def _octets(value: str | bytes) -> bytes:
    """A header's value as it is sent; what is not Latin-1 goes as UTF-8."""
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def _text(body: Any) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")


def _shown(response: Response) -> str:
    request = response.request
    return (
        f"    {request.method} {request.url}\n    {_text(request.body)[:1000]}\n"
        f"    -> {response.status_code} {response.text_lossy()[:1000]}"
    )


_REPORTS = ("/start", "/progress", "/complete", "/fail", "/extend-lease")
_OF_AGENTS = ("{execution_id}/result", "{execution_id}/logs", "{execution_id}/release")

# What a name means on some paths only, by the beginning of the path or its end.
_KINDS = {
    "/api/v1/dlq/": {"job_id": "dead letter"},
    "/api/v1/api-keys": {"api_key_id": "service key", "key_id": "service key"},
    "/api/v1/robot-api-keys": {"api_key_id": "robot key"},
    **{report: {"job_id": "job in hand"} for report in (*_REPORTS, "{job_id}/release")},
    "/api/v1/agent-tasks/{execution_id}": {"execution_id": "job in hand"},
}


def _kinds_of(path: str) -> Mapping[str, str]:
    return next((kinds for part, kinds in _KINDS.items() if path.startswith(part) or path.endswith(part)), {})


def _fill(case: Case, choose: Callable[[list[Any]], Any], neighbours: Neighbours) -> Case:
    """Puts things that exist in many of the places that name one, the other tenant's among them."""
    kinds = _kinds_of(case.path)
    for location in (ParameterLocation.PATH, ParameterLocation.QUERY, ParameterLocation.HEADER, ParameterLocation.BODY):
        values = case.get_container(location)
        if not isinstance(values, MutableMapping) or _is_negated(case, location):
            continue
        for name in list(values):
            kind = kinds.get(name, name)
            own, others = neighbours.own.get(kind, []), neighbours.others.get(kind, [])
            if own or others:
                values[name] = choose([*own, *own, *others, values[name]])
    lease = neighbours.leases.get(str(case.path_parameters.get("job_id")))
    if lease and not _is_negated(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        case.body |= {"lease_token": lease} if "lease_token" in case.body else {}
    return case


def _is_repeated(case: Case) -> bool:
    return any(isinstance(value, list) and len(value) > 1 for value in case.query.values())


def _is_negated(case: Case, location: ParameterLocation) -> bool:
    component = case._meta.components.get(location) if case._meta else None
    return component is not None and component.mode.is_negative
