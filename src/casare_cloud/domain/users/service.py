"""What users can do about themselves. A failed login does not tell whether the user exists, or what was wrong."""

import json
import logging
from asyncio import sleep
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from casare_cloud.config import Settings
from casare_cloud.database import Database, Transaction
from casare_cloud.domain.users import passwords, queries
from casare_cloud.domain.users.auth_api import AuthApi, AuthMisconfigured, AuthRefused
from casare_cloud.domain.users.model import LOGIN_ATTEMPTS, Identity, OwnTenant, Registration, Tokens
from casare_cloud.errors import ApiError, AuthenticationFailed, Conflict, InvalidArgument, NotFound, Unavailable
from casare_cloud.identity import Actor, Verifier
from casare_cloud.preflight.auth_faults import AuthFaults

logger = logging.getLogger("casare_cloud")

_NOBODY = "nobody@unknown.invalid"  # sent to Auth for an unknown login, so that it is refused like any other
# Auth hashes the passwords of its users only, so that time would tell them from nobody: a refusal comes after this.
_REFUSAL_SECONDS = 0.3
_HAND_OUT = "give tokens that are accepted here"
_ADVICE = (
    "requests with its tokens would be refused. Set SUPABASE_JWT_SECRET to the secret that it signs with (HS256), or "
    "import an ES256 key into it and let it sign with that; JWT_ALGORITHM, if set, must be the one of its tokens."
)
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 — the lockout's word for a client without an address


class InvalidCredentials(ApiError):
    """The one answer to a wrong name, a wrong password, a blocked user and a tenant that is not theirs."""

    def __init__(self) -> None:
        super().__init__(401, "INVALID_CREDENTIALS", "The user name or the password is wrong.")


class InvalidRefreshToken(ApiError):
    """A refresh token that was never given out, is used up, or whose session ended."""

    def __init__(self) -> None:
        super().__init__(401, "INVALID_REFRESH_TOKEN", "The refresh token is invalid or has expired.")


class WeakPassword(InvalidArgument):
    """A new password that the rules do not allow; the sentence names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}.", code="WEAK_PASSWORD")


class WrongPassword(InvalidArgument):
    """The password that a change is to be allowed by is not the user's."""

    def __init__(self) -> None:
        super().__init__("current_password: is wrong.", code="WRONG_PASSWORD")


class InvitationNotFound(NotFound):
    """There is no such invitation for this address, or it is over."""

    def __init__(self) -> None:
        super().__init__("INVITATION_NOT_FOUND", "There is no such open invitation for you.")


class EmailTaken(Conflict):
    """Somebody has registered with this address."""

    def __init__(self) -> None:
        super().__init__("EMAIL_TAKEN", "This e-mail address is registered already.")


class RegisteredNotSignedIn(Unavailable):
    """The user and the tenant are there; only the login that belongs to a registration did not work."""

    def __init__(self, reason: Exception) -> None:
        logger.error("a user was registered and could not be signed in: %s", reason)
        message = "You are registered, but signing in did not work; log in later with your name and password."
        super().__init__("REGISTERED_NOT_SIGNED_IN", message, retry_after=5)


class Users:
    """The users domain for one request: a database, Supabase Auth and the address of the client."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        verifier: Verifier,
        faults: AuthFaults,
        client_ip: str | None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._verifier = verifier
        self._ip = client_ip or _NO_ADDRESS
        self._faults = faults
        self._auth = AuthApi(settings, faults, client_ip)
        self.attempts: tuple[int, float] | None = None  # of log_in: left, and until when (seconds since the epoch)

    async def log_in(self, login: str, password: str, tenant: str | None) -> Tokens:
        """Open a session by user name or e-mail; with `tenant` (its id or slug) the tokens are for that tenant.

        Raises `InvalidCredentials`, which takes as long for an unknown login, or 429 LOGIN_LOCKED with
        `Retry-After` after five failures in five minutes.
        """
        began_at = monotonic()
        try:
            return await self._open_session(login, password, tenant)
        except InvalidCredentials:
            await sleep(max(0.0, began_at + _REFUSAL_SECONDS - monotonic()))
            raise

    async def _open_session(self, login: str, password: str, tenant: str | None) -> Tokens:
        async with self._database.transaction(None) as tx:
            row = await tx.fetch_one(queries.COUNT_LOGIN, {"login": login, "ip": self._ip})
        assert row is not None
        email, self.attempts = row["email"], (row["remaining"], row["reset_at"].timestamp())
        try:
            tokens = await self._auth.sign_in(email or _NOBODY, password)
        except AuthRefused as refusal:
            await self._record_login(login, succeeded=False)
            raise InvalidCredentials() from refusal
        except ApiError:
            await self._record_login(login, succeeded=None)
            raise
        await self._record_login(login, succeeded=True)
        self.attempts = (LOGIN_ATTEMPTS, self.attempts[1])  # a success forgets the failures
        await self._accepted(tokens)
        return tokens if tenant is None else await self._enter_tenant(tokens, tenant)

    async def refresh(self, refresh_token: str) -> Tokens:
        """New tokens for a refresh token, which is used up. Using it again ends the session it belongs to."""
        if refresh_token.startswith("eyJ") or refresh_token.count(".") == 2:
            raise InvalidArgument("refresh_token: is not a refresh token.", code="INVALID_TOKEN_TYPE")
        try:
            tokens = await self._auth.refresh(refresh_token)
        except AuthRefused as refusal:
            if refusal.code == "refresh_token_already_used":
                async with self._database.transaction(None) as tx:
                    await tx.execute(queries.END_REUSED_SESSION, {"refresh_token": refresh_token})
            raise InvalidRefreshToken() from refusal
        return await self._accepted(tokens)

    async def log_out(self, actor: Actor, scope: str = "local") -> None:
        """End the session: its tokens are refused from the next request on."""
        if actor.token is None:
            raise InvalidArgument("Only a user with an access token can log out.", code="INVALID_TOKEN_TYPE")
        try:
            await self._auth.sign_out(actor.token, scope)
        except AuthRefused as refusal:
            raise AuthenticationFailed() from refusal

    async def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Change the password of the user whose token this is, which ends their other sessions.

        Raises `WrongPassword`, `WeakPassword`, and 429 LOGIN_LOCKED as a login with the current password does.
        """
        if actor.token is None:
            raise InvalidArgument("Only a user with an access token has a password.", code="INVALID_TOKEN_TYPE")
        if (problem := passwords.find_problem(self._settings, new)) is not None:
            raise WeakPassword("new_password", problem)
        async with self._database.transaction(actor) as tx:
            me = await whoami(tx)
        assert me.email is not None
        try:
            proved = await self.log_in(me.email, current, None)
        except InvalidCredentials as error:
            raise WrongPassword() from error
        try:
            await self._auth.change_password(actor.token, new)
        except AuthRefused as refusal:
            with suppress(AuthRefused):
                await self._auth.sign_out(proved.access_token, "local")
            if refusal.code == "same_password":
                raise WeakPassword("new_password", "must not be the current one") from refusal
            if refusal.code == "weak_password":
                raise WeakPassword("new_password", "is not accepted") from refusal
            if refusal.code == "reauthentication_needed":
                message = "Log in again before you change the password."
                raise ApiError(400, "REAUTHENTICATION_NEEDED", message) from refusal
            raise AuthenticationFailed() from refusal

    async def register(self, form: Registration) -> Tokens:
        """Create the user, a tenant and their membership as its admin, or nothing; and log them in.

        The same registration again, with the right password, is a login. Raises `Conflict` EMAIL_TAKEN or
        USERNAME_TAKEN, and `RegisteredNotSignedIn` when the user is there and the login failed.
        """
        if (problem := passwords.find_problem(self._settings, form.password)) is not None:
            raise WeakPassword("password", problem)
        registration: dict[str, Any] = {"first_name": form.first_name, "last_name": form.last_name}
        if form.username is not None:
            registration["username"] = form.username
        if form.invitation_token is not None:
            return await self._register_invited(form, {**registration, "is_invited": True}, form.invitation_token)
        return await self._register(form, {**registration, "tenant_name": form.org_name})

    async def _register_invited(self, form: Registration, registration: dict[str, Any], token: str) -> Tokens:
        """Register, or log in who is registered, and accept the invitation; its tenant is the one of the tokens."""
        async with self._database.transaction(None) as tx:
            if not await tx.fetch_value(queries.IS_INVITED, {"email": form.email, "token": token}):
                raise InvitationNotFound()
        try:
            tokens = await self._register(form, registration)
        except EmailTaken:
            tokens = await self._register_again(form)
        actor = await self._verifier.actor_of({"authorization": f"Bearer {tokens.access_token}"})
        try:
            async with self._database.transaction(actor) as tx:
                await tx.execute(queries.ACCEPT_INVITATION, {"token": token})
        except ApiError as error:
            async with self._database.transaction(actor) as tx:
                if error.status != 404 or not (await whoami(tx)).tenants:
                    raise
            return tokens  # it was accepted before: a repeat is a login
        return await self._accepted(await self._auth.refresh(tokens.refresh_token))

    async def _register(self, form: Registration, registration: dict[str, Any]) -> Tokens:
        if await self._is_registered(form, registration):
            return await self._register_again(form)
        try:
            await self._auth.create_user(form.email, form.password, registration)
        except (AuthRefused, ApiError) as error:
            # Somebody was quicker (the trigger's refusal comes as Auth's 500), or the answer to the same form was lost.
            if await self._is_registered(form, registration):
                return await self._register_again(form)
            if isinstance(error, ApiError):
                raise
            if error.code in ("email_exists", "user_already_exists"):
                raise EmailTaken() from error
            if error.code == "weak_password":
                raise WeakPassword("password", "is not accepted") from error
            raise InvalidArgument("email: is not accepted.") from error
        try:
            return await self._accepted(await self._auth.sign_in(form.email, form.password))
        except (AuthRefused, ApiError) as error:
            if error.code == "AUTH_MISCONFIGURED":
                raise
            raise RegisteredNotSignedIn(error) from error

    async def _register_again(self, form: Registration) -> Tokens:
        """A login, counted as one: without the password a caller learns only that the address is taken."""
        try:
            return await self.log_in(form.email, form.password, None)
        except InvalidCredentials as error:
            raise EmailTaken() from error
        except ApiError as error:
            if error.code == "LOGIN_LOCKED":
                raise EmailTaken() from error
            raise

    async def _is_registered(self, form: Registration, registration: dict[str, Any]) -> bool:
        """Whether this very registration was made before; raises `Conflict` when another has address or name."""
        wanted = {"email": form.email, "username": form.username, "registration": registration}
        async with self._database.transaction(None) as tx:
            row = await tx.fetch_one(queries.FIND_TAKEN, wanted)
        assert row is not None
        if row["is_the_same"]:
            return True
        if row["is_email_taken"]:
            raise EmailTaken()
        if row["is_username_taken"]:
            raise Conflict("USERNAME_TAKEN", "This user name is taken.")
        return False

    async def _accepted(self, tokens: Tokens) -> Tokens:
        """The tokens, unless every request that carries them would be refused."""
        if await self._verifier.accepts_new(tokens.access_token):
            self._faults.passed(_HAND_OUT)
            return tokens
        self._faults.found(_HAND_OUT, _ADVICE)
        raise AuthMisconfigured()

    async def _record_login(self, login: str, succeeded: bool | None) -> None:
        async with self._database.transaction(None) as tx:
            await tx.execute(queries.RECORD_LOGIN, {"login": login, "ip": self._ip, "succeeded": succeeded})

    async def enter_tenant(self, actor: Actor, tenant: str, refresh_token: str) -> Tokens:
        """Tokens for another tenant (its id or slug) of the user whose access and refresh token these are.

        Their session moves, and no other; after a refusal it is where it was. Raises 404 TENANT_NOT_FOUND, what
        `refresh` raises, and `InvalidRefreshToken` for a refresh token of another session.
        """
        session_id = json.loads(actor.claims or "{}").get("session_id")
        if actor.token is None or session_id is None:
            raise InvalidArgument("Only a user with an access token can choose a tenant.", code="INVALID_TOKEN_TYPE")
        async with self._database.transaction(None) as tx:
            former = await tx.fetch_value(queries.SESSION_TENANT_ID, {"session_id": session_id})
        async with self._database.transaction(actor) as tx:
            found = [own.tenant_id for own in await list_tenants(tx) if tenant in (str(own.tenant_id), own.slug)]
            if not found:
                raise NotFound("TENANT_NOT_FOUND", "You are not a member of such a tenant.")
            await tx.execute(queries.SET_ACTIVE_TENANT, {"tenant_id": found[0]})
        try:  # the token is made from what is committed, so the session moves first
            tokens = await self.refresh(refresh_token)
            claims = await self._verifier.verify(tokens.access_token)
            tenant_id = claims.get("app_metadata", {}).get("tenant_id")
            if (claims.get("session_id"), tenant_id) != (session_id, str(found[0])):
                raise InvalidRefreshToken()
        except ApiError:
            asked = {"session_id": session_id, "tenant_id": found[0], "former": former}
            async with self._database.transaction(None) as tx:
                await tx.execute(queries.MOVE_SESSION_BACK, asked)
            raise
        return tokens

    async def _enter_tenant(self, tokens: Tokens, tenant: str) -> Tokens:
        """Tokens for the tenant that was asked for; the session ends when the user is no member of it."""
        actor = await self._verifier.actor_of({"authorization": f"Bearer {tokens.access_token}"})
        try:
            async with self._database.transaction(actor) as tx:
                me = await whoami(tx)
                wanted = next((t["tenant_id"] for t in me.tenants if tenant in (t["tenant_id"], t.get("slug"))), None)
                if wanted is None:
                    raise InvalidCredentials()
                if wanted == str(me.tenant_id):
                    return tokens
                await tx.execute(queries.SET_ACTIVE_TENANT, {"tenant_id": wanted})
        except ApiError as error:
            with suppress(AuthRefused):
                await self._auth.sign_out(tokens.access_token, "local")
            raise InvalidCredentials() if error.status < 500 else error from error
        try:
            return await self._accepted(await self._auth.refresh(tokens.refresh_token))
        except AuthRefused as refusal:
            raise InvalidCredentials() from refusal


async def list_tenants(tx: Transaction) -> list[OwnTenant]:
    """The tenants that the caller can act in, by name; a user who is a member nowhere has none."""
    return [OwnTenant(**row) for row in await tx.fetch_all(queries.LIST_MY_TENANTS)]


async def whoami(tx: Transaction) -> Identity:
    """The caller as the database has verified it; raises 401 when there is none."""
    caller = await tx.fetch_value(queries.WHOAMI)
    return Identity(
        user_id=UUID(caller["user_id"] or caller["robot_id"] or caller["api_key_id"]),
        principal=caller["principal"],
        tenant_id=UUID(caller["tenant_id"]),
        tenant_name=caller["tenant_name"],
        roles=caller["roles"] or [],
        permissions=caller["permissions"] or [],
        username=caller["username"],
        email=caller["email"],
        first_name=caller["first_name"],
        last_name=caller["last_name"],
        created_at=caller["created_at"] and datetime.fromisoformat(caller["created_at"]),
        tenants=caller["tenants"] or [],
    )
