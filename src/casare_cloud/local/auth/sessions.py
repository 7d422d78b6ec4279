"""Sessions: signing in, refreshing with rotation and reuse detection, signing out."""

import re
import secrets
import string
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

from . import errors, passwords, queries
from .hook import claims_from_hook
from .store import INSTANCE, Row, Store, Transaction, user_shape

LogoutScope = Literal["global", "local", "others"]

_TOKEN_FORM: Final = re.compile("[a-z0-9]{12}|[A-Za-z0-9_-]{51}")
_TOKEN_LETTERS: Final = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Client:
    """Where a request comes from, as a session remembers it."""

    ip: str | None
    user_agent: str | None


@dataclass(frozen=True)
class SignedIn:
    """The user and session of a verified access token; `session_id` is None for tokens without one."""

    user: Row
    session_id: str | None

    @property
    def user_id(self) -> str:
        return str(self.user["id"])


class Sessions:
    """Who is signed in. Every refusal is an `AuthError`."""

    def __init__(self, context: LocalContext, store: Store) -> None:
        self._context = context
        self._store = store

    async def sign_in(self, email: str, password: str, client: Client) -> Row:
        """Password grant: a new session with its first pair of tokens."""
        async with self._store.transaction() as tx:
            user = await tx.fetch(queries.USER_BY_EMAIL, email=email, instance=INSTANCE)
        if user is None or user["deleted_at"] is not None:
            raise errors.invalid_credentials()
        if user["is_banned"]:
            raise errors.bad_request("user_banned", "User is banned")
        if not await passwords.fits(password, user["encrypted_password"]):
            raise errors.invalid_credentials()
        if user["email_confirmed_at"] is None:
            raise errors.bad_request("email_not_confirmed", "Email not confirmed")
        return await self.open(str(user["id"]), client)

    async def open(self, user_id: str, client: Client) -> Row:
        """A new session of a user who proved a password."""
        session_id, token = str(uuid.uuid4()), self._new_refresh_token()
        async with self._store.transaction() as tx:
            await tx.execute(
                queries.CREATE_SESSION, user_id=user_id, session_id=session_id, method="password",
                user_agent=client.user_agent, ip=client.ip,
            )  # fmt: skip
            await tx.execute(
                queries.CREATE_REFRESH_TOKEN, instance=INSTANCE, token=token, user_id=user_id, parent=None,
                session_id=session_id,
            )  # fmt: skip
            return await self._answer(tx, user_id, session_id, token, "password", client)

    async def refresh(self, token: str, client: Client) -> Row:
        """Refresh grant: uses up the token for a new one.

        The parent of the newest token gets the newest again: its client did not save or did not wait for the answer.
        Every other used token means that two parties hold tokens of the session. With short tokens all of them are
        revoked, and the session stays: what was revoked within the reuse interval, the newest too, is good for a new
        one. With long ones the session ends, unless it was refreshed within the interval.
        """
        if not _TOKEN_FORM.fullmatch(token):
            raise errors.invalid("Refresh token is not valid")
        async with self._store.transaction() as tx:
            owner = await tx.fetch(queries.SESSION_OF_TOKEN, token=token)
            session = await self._lock(tx, owner)
            user = await tx.fetch(queries.USER_BY_ID, user_id=owner["user_id"]) if owner else None
            if owner is None or session is None or user is None:
                raise errors.bad_request("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
            if user["is_banned"]:
                raise errors.bad_request("user_banned", "Invalid Refresh Token: User Banned")
            if session["is_expired"]:
                raise errors.bad_request("session_expired", "Invalid Refresh Token: Session Expired")
            session_id, user_id = str(session["id"]), str(user["id"])
            newest = await self._rotate(tx, token, user_id, session_id, just_refreshed=session["is_just_refreshed"])
            if newest is not None:
                await tx.execute(
                    queries.TOUCH_SESSION, session_id=session_id, user_agent=client.user_agent, ip=client.ip
                )
                return await self._answer(tx, user_id, session_id, newest, "token_refresh", client)
            forbid = queries.REVOKE_TOKENS_OF_SESSION if self._context.refresh_token_form == 1 else queries.END_SESSION
            await tx.execute(forbid, session_id=session_id)
        raise errors.bad_request("refresh_token_already_used", "Invalid Refresh Token: Already Used")

    async def sign_out(self, signed_in: SignedIn, scope: LogoutScope) -> None:
        """End this session, the user's others, or all; their refresh tokens go with them."""
        session_id, user_id = signed_in.session_id, signed_in.user_id
        async with self._store.transaction() as tx:
            if session_id is None:
                scope = "global"
            match scope:
                case "local":
                    await tx.execute(queries.END_SESSION, session_id=session_id)
                case "others":
                    await tx.execute(queries.END_OTHER_SESSIONS, user_id=user_id, session_id=session_id)
                case "global":
                    await tx.execute(queries.END_ALL_SESSIONS, user_id=user_id)
                case _:
                    assert_never(scope)

    async def signed_in(self, claims: dict[str, Any]) -> SignedIn:
        """The living user and session behind the claims of an access token."""
        user_id, session_id = claims.get("sub"), claims.get("session_id") or None
        if not user_id:
            raise errors.forbidden("bad_jwt", "invalid claim: missing sub claim")
        if not is_uuid(user_id):
            raise errors.bad_request("bad_jwt", "invalid claim: sub claim must be a UUID")
        if session_id is not None and not is_uuid(session_id):
            raise errors.forbidden("bad_jwt", "invalid claim: session_id claim must be a UUID")
        async with self._store.transaction() as tx:
            user = await tx.fetch(queries.USER_BY_ID, user_id=user_id)
            if user is None:
                raise errors.forbidden("user_not_found", "User from sub claim in JWT does not exist")
            if session_id is not None and await tx.fetch(queries.SESSION_EXISTS, session_id=session_id) is None:
                message = "Session from session_id claim in JWT does not exist"
                raise errors.forbidden("session_not_found", message)
        if user["is_banned"]:
            raise errors.forbidden("user_banned", "User is banned")
        return SignedIn(user, session_id)

    async def _lock(self, tx: Transaction, owner: Row | None) -> Row | None:
        """The session of a token, held until the end of the transaction, so that two refreshes come one by one."""
        if owner is None or owner["session_id"] is None:
            return None
        seconds = self._context.refresh_token_reuse_seconds
        return await tx.fetch(queries.LOCK_SESSION, session_id=owner["session_id"], reuse_seconds=seconds)

    async def _rotate(
        self, tx: Transaction, token: str, user_id: str, session_id: str, *, just_refreshed: bool
    ) -> str | None:
        """The session's newest refresh token after this use of one of its tokens; None for a forbidden reuse."""
        rows = await tx.fetch_all(
            queries.TOKENS_OF_SESSION, session_id=session_id, token=token,
            reuse_seconds=self._context.refresh_token_reuse_seconds,
        )  # fmt: skip
        used = next(row for row in rows if row["token"] == token)
        active = next((row for row in rows if not row["revoked"]), None)
        if used["revoked"] and active is not None and active["parent"] == token:
            return str(active["token"])
        if used["revoked"] and self._context.refresh_token_form == 2:
            return str(active["token"]) if active is not None and just_refreshed else None
        if used["revoked"] and not used["was_just_used"]:
            return None
        newest = self._new_refresh_token()
        await tx.execute(queries.REVOKE_TOKEN, token=token)
        await tx.execute(
            queries.CREATE_REFRESH_TOKEN, instance=INSTANCE, token=newest, user_id=user_id, parent=token,
            session_id=session_id,
        )  # fmt: skip
        return newest

    def _new_refresh_token(self) -> str:
        if self._context.refresh_token_form == 2:
            return secrets.token_urlsafe(39)[:51]
        return "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(12))

    async def _answer(
        self, tx: Transaction, user_id: str, session_id: str, refresh_token: str, method: str, client: Client
    ) -> Row:
        user = await tx.fetch(queries.USER_BY_ID, user_id=user_id)
        if user is None:
            raise errors.user_not_found()
        now = int(time.time())
        expires_at = now + self._context.access_token_seconds
        claims: dict[str, Any] = {
            "iss": self._context.jwt_issuer,
            "sub": user_id,
            "aud": user["aud"],
            "exp": expires_at,
            "iat": now,
            "email": user["email"] or "",
            "phone": user["phone"] or "",
            "app_metadata": user["raw_app_meta_data"] or {},
            "user_metadata": user["raw_user_meta_data"] or {},
            "role": user["role"],
            "aal": "aal1",
            "amr": await tx.fetch_all(queries.METHODS_OF_SESSION, session_id=session_id),
            "session_id": session_id,
            "is_anonymous": user["is_anonymous"],
        }
        if self._context.token_hook:
            claims = await claims_from_hook(tx, self._context.token_hook, user_id, claims, method, client.ip)
        return {
            "access_token": tokens.mint(self._context, claims),
            "token_type": "bearer",
            "expires_in": self._context.access_token_seconds,
            "expires_at": expires_at,
            "refresh_token": refresh_token,
            "user": user_shape(user),
        }


def is_uuid(value: object) -> bool:
    """Whether a value is a UUID in its usual form."""
    try:
        return isinstance(value, str) and uuid.UUID(value) is not None
    except ValueError:
        return False
