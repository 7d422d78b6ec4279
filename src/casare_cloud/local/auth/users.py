"""Users: sign-up, the user's own changes, and the admin API."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from casare_cloud.local.context import LocalContext

from . import errors, passwords, queries
from .params import Params
from .sessions import SignedIn, is_uuid
from .store import INSTANCE, Row, Store, Transaction, user_shape

_EMAIL: Final = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|h|m|s))+")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_UNIT_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ADDRESS_TAKEN: Final = "A user with this email address has already been registered"


class Users:
    """The users of one project. Every refusal is an `AuthError`."""

    def __init__(self, context: LocalContext, store: Store) -> None:
        self._context = context
        self._store = store

    async def sign_up(self, params: Params) -> str:
        """A new user with a confirmed address (nobody can read mail here); answers the id."""
        if not self._context.enable_signup:
            raise errors.unprocessable("signup_disabled", "Signups not allowed for this instance")
        password = params.text("password")
        if not password:
            raise errors.invalid("Signup requires a valid password")
        passwords.check_strength(password, self._context.minimum_password_length)
        if not params.text("email"):
            raise errors.invalid("Sign up only available with email provider")
        email = checked_email(params.text("email"))
        if await self._find(email) is not None:
            raise errors.unprocessable("user_already_exists", "User already registered")
        password_hash = await passwords.hash_of(password)
        user_id = str(uuid.uuid4())
        try:
            async with self._store.transaction() as tx:
                await _insert(tx, user_id, email, password_hash, params.mapping("data") or {})
                await tx.execute(queries.SET_ROLE, user_id=user_id, role="authenticated")
                await tx.execute(queries.CONFIRM_EMAIL, user_id=user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Database error saving new user") from error
        return user_id

    async def change_own(self, signed_in: SignedIn, params: Params) -> Row:
        """The user's own changes: password (ends the other sessions) and metadata."""
        email, password, data = params.text("email"), params.optional_text("password"), params.mapping("data")
        if params.given("app_metadata"):
            raise errors.forbidden("not_admin", "Updating app_metadata requires admin privileges")
        if email and checked_email(email) != signed_in.user["email"]:
            message = "The local stack sends no mail, so only the admin API changes an address"
            raise errors.unprocessable("email_provider_disabled", message)
        password_hash = None
        if password is not None:
            passwords.check_strength(password, self._context.minimum_password_length)
            if await passwords.fits(password, signed_in.user["encrypted_password"]):
                message = "New password should be different from the old password."
                raise errors.unprocessable("same_password", message)
            password_hash = await passwords.hash_of(password)
        user_id = signed_in.user_id
        async with self._store.transaction() as tx:
            if password_hash is not None:
                await tx.execute(queries.SET_PASSWORD, user_id=user_id, password_hash=password_hash)
                ends = queries.END_OTHER_SESSIONS if signed_in.session_id else queries.END_ALL_SESSIONS
                await tx.execute(ends, user_id=user_id, session_id=signed_in.session_id)
            if data is not None:
                await tx.execute(queries.PATCH_USER_METADATA, user_id=user_id, patch=Jsonb(data))
            return await _load(tx, user_id)

    # --- admin ----------------------------------------------------------------------------------------------------

    async def create(self, params: Params) -> Row:
        """A user with everything that the administrator says about it, in one transaction.

        A table trigger that fails, at the insert or when app_metadata comes in, leaves nothing behind: 500.
        """
        if not params.text("email"):
            raise errors.invalid("Cannot create a user without either an email or phone")
        email = checked_email(params.text("email"))
        if await self._find(email) is not None:
            raise errors.unprocessable("email_exists", _ADDRESS_TAKEN)
        password, password_hash = params.optional_text("password"), params.text("password_hash")
        if password is not None and password_hash:
            raise errors.invalid("Only a password or a password hash should be provided")
        if password_hash:
            passwords.check_hash(password_hash)
        passwords.check_length(password or "")
        user_id = _checked_id(params.text("id"))
        ban_seconds = duration_seconds(params.text("ban_duration"))
        app_metadata = params.mapping("app_metadata")
        password_hash = password_hash or await passwords.hash_of(password)
        try:
            async with self._store.transaction() as tx:
                await _insert(tx, user_id, email, password_hash, params.mapping("user_metadata") or {})
                await tx.execute(queries.SET_ROLE, user_id=user_id, role=params.text("role") or "authenticated")
                if app_metadata is not None:
                    await tx.execute(queries.PATCH_APP_METADATA, user_id=user_id, patch=Jsonb(app_metadata))
                if params.flag("email_confirm"):
                    await tx.execute(queries.CONFIRM_EMAIL, user_id=user_id)
                if ban_seconds is not None:
                    await tx.execute(queries.BAN, user_id=user_id, seconds=ban_seconds)
                return await _load(tx, user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Database error creating new user") from error

    async def update(self, user_id: str, params: Params) -> Row:
        """What the administrator changes; a new password ends every session of the user."""
        await self.get(user_id)
        email, password = params.text("email"), params.optional_text("password")
        email = checked_email(email) if email else ""
        ban_seconds = duration_seconds(params.text("ban_duration"))
        password_hash = None
        if password is not None:
            passwords.check_strength(password, self._context.minimum_password_length)
            password_hash = await passwords.hash_of(password)
        app_metadata, user_metadata = params.mapping("app_metadata"), params.mapping("user_metadata")
        role, is_confirmed = params.text("role"), params.flag("email_confirm")
        try:
            async with self._store.transaction() as tx:
                if role:
                    await tx.execute(queries.SET_ROLE, user_id=user_id, role=role)
                if is_confirmed:
                    await tx.execute(queries.CONFIRM_EMAIL, user_id=user_id)
                if password_hash is not None:
                    await tx.execute(queries.SET_PASSWORD, user_id=user_id, password_hash=password_hash)
                    await tx.execute(queries.END_ALL_SESSIONS, user_id=user_id)
                if email:
                    await tx.execute(queries.SET_EMAIL, user_id=user_id, email=email)
                if app_metadata is not None:
                    await tx.execute(queries.PATCH_APP_METADATA, user_id=user_id, patch=Jsonb(app_metadata))
                if user_metadata is not None:
                    await tx.execute(queries.PATCH_USER_METADATA, user_id=user_id, patch=Jsonb(user_metadata))
                if ban_seconds is not None:
                    await tx.execute(queries.BAN, user_id=user_id, seconds=ban_seconds)
                return await _load(tx, user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Error updating user") from error

    async def get(self, user_id: str) -> Row:
        """One user; 404 for an unknown id."""
        if not is_uuid(user_id):
            raise errors.AuthError(404, "validation_failed", "user_id must be an UUID")
        async with self._store.transaction() as tx:
            return await _load(tx, user_id)

    async def page(self, page: int, per_page: int) -> tuple[list[Row], int]:
        """Users, the newest first, and how many there are in all."""
        async with self._store.transaction() as tx:
            counted = await tx.fetch(queries.COUNT_USERS)
            rows = await tx.fetch_all(queries.LIST_USERS, limit=per_page, offset=(page - 1) * per_page)
        return [user_shape(row) for row in rows], int(counted["total"]) if counted else 0

    async def delete(self, user_id: str, *, softly: bool) -> None:
        """Remove a user and the sessions; softly: keep an unreadable row."""
        await self.get(user_id)
        try:
            async with self._store.transaction() as tx:
                await tx.execute(queries.END_ALL_SESSIONS, user_id=user_id)
                await tx.execute(queries.SOFT_DELETE_USER if softly else queries.DELETE_USER, user_id=user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Database error deleting user") from error

    async def _find(self, email: str) -> Row | None:
        async with self._store.transaction() as tx:
            return await tx.fetch(queries.USER_BY_EMAIL, email=email, instance=INSTANCE)


async def _insert(
    tx: Transaction, user_id: str, email: str, password_hash: str, user_metadata: Mapping[str, Any]
) -> None:
    await tx.execute(
        queries.CREATE_USER, instance=INSTANCE, user_id=user_id, email=email, password_hash=password_hash,
        app_metadata=Jsonb({"provider": "email", "providers": ["email"]}), user_metadata=Jsonb(dict(user_metadata)),
    )  # fmt: skip
    await tx.execute(queries.CREATE_IDENTITY, user_id=user_id, email=email)


async def _load(tx: Transaction, user_id: str) -> Row:
    row = await tx.fetch(queries.USER_BY_ID, user_id=user_id)
    if row is None:
        raise errors.user_not_found()
    return user_shape(row)


def checked_email(email: str) -> str:
    """The address in lower case; raises `AuthError` when it is none."""
    if len(email) > 255:
        raise errors.invalid("An email address is too long")
    if not _EMAIL.fullmatch(email):
        raise errors.invalid("Unable to validate email address: invalid format")
    return email.lower()


def duration_seconds(text: str) -> float | None:
    """Seconds of a duration such as `24h`, `1h30m`; 0 for `none`; None for an empty one."""
    if not text:
        return None
    if text == "none":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise errors.invalid(f'invalid format for ban duration: time: invalid duration "{text}"')
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def _checked_id(asked: str) -> str:
    if not asked:
        return str(uuid.uuid4())
    if not is_uuid(asked):
        raise errors.invalid("ID must conform to the uuid v4 format")
    if uuid.UUID(asked).int == 0:
        raise errors.invalid("ID cannot be a nil uuid")
    return asked
