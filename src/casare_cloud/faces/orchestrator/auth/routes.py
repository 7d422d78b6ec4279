"""Who you are: log in, stay in, leave, join (documents 000, 002 and 004)."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from casare_cloud.config import PASSWORD_BYTES
from casare_cloud.domain.users import service
from casare_cloud.domain.users.model import Registration
from casare_cloud.faces.kit.refusals import refusals
from casare_cloud.faces.kit.routing import CurrentCall, PublicRoute, Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.auth import examples
from casare_cloud.faces.orchestrator.examples import showing

router = APIRouter(prefix="/auth", tags=["auth"])
known = APIRouter(route_class=Route)
public = APIRouter(route_class=PublicRoute)
OPEN: dict[str, Any] = {"security": []}


def _is_plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def _fits_bcrypt(password: str) -> str:
    if len(password.encode()) > PASSWORD_BYTES:
        raise ValueError(f"must have at most {PASSWORD_BYTES} bytes")
    return password


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_is_plain)]
OptionalName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_is_plain)]
Login = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320), AfterValidator(_is_plain)
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_is_plain)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=255, pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)*$"),
    AfterValidator(_is_plain),
]


class LoginBody(Body):
    """User name or e-mail (either field takes either), password, and the tenant to act in when there are several."""

    model_config = showing(examples.LOGIN)

    username: Login
    password: Password
    tenant_id: Annotated[str | None, Field(max_length=128)] = None

    @model_validator(mode="before")
    @classmethod
    def _email_is_a_username(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("username") is None and "email" in data:
            return {**data, "username": data["email"]}
        return data


class RefreshBody(Body):
    """The refresh token of the last answer."""

    model_config = showing(examples.REFRESH)

    refresh_token: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]


class RegisterBody(Body):
    """A new user and the organization they will administer."""

    model_config = showing(examples.REGISTER)

    email: Email
    password: Annotated[str, StringConstraints(min_length=8), AfterValidator(_is_plain), AfterValidator(_fits_bcrypt)]
    org_name: Name
    username: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9._+-]{1,128}$")] = None
    first_name: OptionalName = ""
    last_name: OptionalName = ""


class TokensAnswer(Answer):
    """`access_token` goes into `Authorization: Bearer …` for `expires_in` seconds."""

    model_config = showing(examples.TOKENS)

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


class LoggedOut(Answer):
    """The session is over."""

    model_config = showing(examples.LOGGED_OUT)

    message: str


class MeAnswer(Answer):
    """The caller; `roles` with those that they include."""

    model_config = showing(examples.ME)

    user_id: UUID
    roles: list[str]
    tenant_id: UUID | None
    dev_mode: bool
    principal: str
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    permissions: list[str]


@public.post("/login", responses=refusals(), openapi_extra=OPEN)
async def log_in(body: LoginBody, call: CurrentCall) -> TokensAnswer:
    """Authenticate with user name or e-mail. Five failures in five minutes lock for fifteen (429, `Retry-After`)."""
    users = _users(call)
    try:
        tokens = await users.log_in(body.username, body.password, body.tenant_id or None)
        await call.quota.give_back(call.services.database)  # programs and offices log in often: only failures count
    finally:
        if users.attempts is not None:
            call.quota.tell(*users.attempts)
    return TokensAnswer(**asdict(tokens))


@public.post("/refresh", responses=refusals(), openapi_extra=OPEN)
async def refresh(body: RefreshBody, call: CurrentCall) -> TokensAnswer:
    """New tokens for a refresh token, which is good for one use; 400 for another kind of token, 401 for a bad one."""
    return TokensAnswer(**asdict(await _users(call).refresh(body.refresh_token)))


@public.post("/register", status_code=201, responses=refusals(409), openapi_extra=OPEN)
async def register(body: RegisterBody, call: CurrentCall) -> TokensAnswer:
    """Create a user, an organization and the membership as its admin, and log in.

    Takes no `Idempotency-Key`: repeated as it was, it logs in. 503 REGISTERED_NOT_SIGNED_IN: the user is there, and
    logging in is what is left to do. More rules for passwords may be set than the shape shows.
    """
    form = Registration(**body.model_dump())
    return TokensAnswer(**asdict(await _users(call).register(form)))


@known.post("/logout", responses=refusals())
async def log_out(
    call: CurrentCall, scope: Annotated[Literal["local", "global", "others"], Query()] = "local"
) -> LoggedOut:
    """End this session, or with `scope` the others or all of them. The access token is refused from now on."""
    await _users(call).log_out(call.actor, scope)
    return LoggedOut(message="Successfully logged out")


@known.get("/me", responses=refusals())
async def me(call: CurrentCall, tx: Tx) -> MeAnswer:
    """Who makes this request, as the database sees it."""
    identity = await service.whoami(tx)
    return MeAnswer(**asdict(identity), dev_mode=call.actor.is_dev_mode)


def _users(call: CurrentCall) -> service.Users:
    services = call.services
    return service.Users(services.settings, services.database, services.verifier, services.auth_faults, call.client_ip)


router.include_router(public)
router.include_router(known)
