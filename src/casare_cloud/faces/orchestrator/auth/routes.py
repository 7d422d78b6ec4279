"""Who you are: log in, stay in, leave, join (documents 000, 002 and 004)."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from casare_cloud.domain.users import service
from casare_cloud.domain.users.model import Registration
from casare_cloud.faces.kit import accounts
from casare_cloud.faces.kit.accounts import LoginBody, RefreshBody, RegisterBody, TokensAnswer, users_of
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.routing import CurrentCall, PublicRoute, Route, Tx
from casare_cloud.faces.orchestrator.auth.shapes import LoggedOut, MeAnswer, SwitchBody, TenantList, TenantOfCaller
from casare_cloud.faces.orchestrator.auth.words import with_implied_roles
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/auth", tags=["auth"])
known = APIRouter(route_class=Route)
public = APIRouter(route_class=PublicRoute)
OPEN: dict[str, Any] = {"security": []}


@public.post("/login", responses=refusals(), openapi_extra=OPEN)
async def log_in(body: LoginBody, call: CurrentCall) -> TokensAnswer:
    """Authenticate with user name or e-mail. Five failures in five minutes lock for fifteen (429, `Retry-After`)."""
    return await accounts.log_in(body, call)


@public.post("/refresh", responses=refusals(), openapi_extra=OPEN)
async def refresh(body: RefreshBody, call: CurrentCall) -> TokensAnswer:
    """New tokens for a refresh token, which is good for one use; 400 for another kind of token, 401 for a bad one."""
    return await accounts.refresh(body, call)


@public.post("/register", status_code=201, responses=refusals(404, 409), openapi_extra=OPEN)
async def register(body: RegisterBody, call: CurrentCall) -> TokensAnswer:
    """Create a user with an organization of their own, or, by an invitation, in somebody else's; and log in.

    404 INVITATION_NOT_FOUND, 409 EMAIL_TAKEN or USERNAME_TAKEN. Takes no `Idempotency-Key`: repeated as it was, it logs
    in. 503 REGISTERED_NOT_SIGNED_IN: the user is there, and logging in is what is left to do. More rules for passwords
    may be set than the shape shows.
    """
    form = Registration(**{**body.model_dump(), "org_name": body.org_name or ""})
    return TokensAnswer(**asdict(await users_of(call).register(form)))


@known.post("/logout", responses=refusals())
async def log_out(
    call: CurrentCall, scope: Annotated[Literal["local", "global", "others"], Query()] = "local"
) -> LoggedOut:
    """End this session, or with `scope` the others or all of them. The access token is refused from now on."""
    await users_of(call).log_out(call.actor, scope)
    return LoggedOut(message="Successfully logged out")


@known.get("/me", responses=refusals())
async def me(call: CurrentCall, tx: Tx) -> MeAnswer:
    """Who makes this request, as the database sees it."""
    identity = await service.whoami(tx)
    shown = asdict(identity) | {"roles": with_implied_roles(identity.roles)}
    return MeAnswer(**shown, dev_mode=call.actor.is_dev_mode)


@known.get("/tenants", responses=refusals())
async def list_tenants(tx: Tx) -> TenantList:
    """The tenants that the caller is a member of, and which of them this token is for; a key has one."""
    return TenantList(tenants=[TenantOfCaller.model_validate(own) for own in await service.list_tenants(tx)])


@known.post("/switch", responses=refusals(404))
@shown_once("access_token", "refresh_token")
async def switch_tenant(body: SwitchBody, call: CurrentCall) -> TokensAnswer:
    """Tokens for another tenant of the caller: this session moves there, and no other. 404 TENANT_NOT_FOUND.

    The refresh token is used up, as it is by `/auth/refresh`; the access token of before goes on until it ends.
    """
    tokens = await users_of(call).enter_tenant(call.actor, body.tenant, body.refresh_token)
    return TokensAnswer(**asdict(tokens))


router.include_router(public)
router.include_router(known)
