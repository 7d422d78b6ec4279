"""Who you are: register, log in, stay in, change the password (document 004)."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from casare_cloud.domain.users import service
from casare_cloud.domain.users.model import Registration
from casare_cloud.faces.automation.auth.shapes import CallerAnswer, PasswordChanged, PasswordsBody, RegistrationBody
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit import accounts
from casare_cloud.faces.kit.accounts import LoginBody, RefreshBody, TokensAnswer, users_of
from casare_cloud.faces.kit.routing import CurrentCall, PublicRoute, Route, Tx

router = APIRouter(prefix="/auth", tags=["auth"])
known = APIRouter(route_class=Route)
public = APIRouter(route_class=PublicRoute)
OPEN: dict[str, Any] = {"security": []}


@public.post("/register", status_code=201, responses=refusals(400, 404, 409), openapi_extra=OPEN)
async def register(body: RegistrationBody, call: CurrentCall) -> TokensAnswer:
    """Create a user with an organization of their own, or, by an invitation, in somebody else's; and log in.

    400 WEAK_PASSWORD, 404 INVITATION_NOT_FOUND, 409 EMAIL_TAKEN or USERNAME_TAKEN. Repeated as it was, it logs in.
    """
    form = Registration(**{**body.model_dump(), "org_name": body.org_name or ""})
    return TokensAnswer(**asdict(await users_of(call).register(form)))


@public.post("/login", responses=refusals(), openapi_extra=OPEN)
async def log_in(body: LoginBody, call: CurrentCall) -> TokensAnswer:
    """Log in with e-mail address or user name. Five failures in five minutes lock for fifteen (429, `Retry-After`)."""
    return await accounts.log_in(body, call)


@public.post("/refresh", responses=refusals(), openapi_extra=OPEN)
async def refresh(body: RefreshBody, call: CurrentCall) -> TokensAnswer:
    """New tokens for a refresh token, which is good for one use; 401 for a bad one and for another kind of token."""
    return await accounts.refresh(body, call)


@known.get("/me", responses=refusals())
async def me(tx: Tx) -> CallerAnswer:
    """Who makes this request, as the database sees it."""
    return CallerAnswer.of(await service.whoami(tx))


@known.post("/change-password", responses=refusals(400))
async def change_password(body: PasswordsBody, call: CurrentCall) -> PasswordChanged:
    """Change your password; your other sessions end. 400 WRONG_PASSWORD or WEAK_PASSWORD."""
    await users_of(call).change_password(call.actor, body.current_password, body.new_password)
    return PasswordChanged(success=True, message="The password was changed.")


router.include_router(public)
router.include_router(known)
