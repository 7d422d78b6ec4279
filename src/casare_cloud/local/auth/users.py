"""Users: sign-up, the user's own changes, and the admin API."""

import re
import uuid
from typing import Final

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
        """A new user with a confirmed address (nobody can read mail here); answers the id.

        A user whose address was not confirmed is confirmed, and keeps the password and everything else.
        """
        email, phone, password = params.text("email"), params.text("phone"), params.text("password")
        data, challenge = params.mapping("data") or {}, params.text("code_challenge")
        if not email and not phone:
            raise errors.unprocessable("anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if not self._context.enable_signup:
            raise errors.unprocessable("signup_disabled", "Signups not allowed for this instance")
        if not password:
            raise errors.invalid("Signup requires a valid password")
        passwords.check_strength(password, self._context.minimum_password_length)
        if email and phone:
            raise errors.invalid("Only an email address or phone number should be provided on signup.")
        if bool(challenge) is not bool(params.text("code_challenge_method")):
            raise errors.invalid("PKCE flow requires code_challenge_method and code_challenge")
        if phone:
            raise errors.bad_request("phone_provider_disabled", "Phone signups are disabled")
        email = checked_email(email)
        known = await self._find(email)
        if known is not None and known["email_confirmed_at"] is not None:
            raise errors.unprocessable("user_already_exists", "User already registered")
        user_id = str(known["id"]) if known else str(uuid.uuid4())
        password_hash = await passwords.hash_of(password)
        try:
            async with self._store.transaction() as tx:
                if known is None:
                    data = {**data, **_claims_of_identity(user_id, email)}
                    await _insert(tx, user_id, email, password_hash, data, identity_data=data)
                    await tx.execute(queries.SET_ROLE, user_id=user_id, role="authenticated")
                await tx.execute(queries.CONFIRM_EMAIL, user_id=user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Database error saving new user") from error
        return user_id

    async def change_own(self, signed_in: SignedIn, params: Params) -> Row:
        """The user's own changes: password (ends the other sessions) and metadata."""
        email, password, data = params.text("email"), params.optional_text("password"), params.mapping("data")
        phone, app_metadata = params.text("phone"), params.mapping("app_metadata")
        email = checked_email(email) if email else ""
        if password is not None:
            passwords.check_strength(password, self._context.minimum_password_length)
        if app_metadata is not None:
            raise errors.forbidden("not_admin", "Updating app_metadata requires admin privileges")
        if email and email != signed_in.user["email"]:
            await self.refuse_taken(email)
            raise errors.not_emulated("mail; the admin API changes an address")
        if phone:
            raise errors.unexpected("Unable to get SMS provider")
        password_hash = None
        if password is not None:
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
        email, phone, role = params.text("email"), params.text("phone"), params.text("role")
        password, password_hash = params.optional_text("password"), params.text("password_hash")
        app_metadata, user_metadata = params.mapping("app_metadata"), params.mapping("user_metadata") or {}
        asked_id, ban_duration, is_confirmed = (
            params.text("id"),
            params.text("ban_duration"),
            params.flag("email_confirm"),
        )
        if not email and not phone:
            raise errors.invalid("Cannot create a user without either an email or phone")
        if phone:
            raise errors.not_emulated("users with a phone number")
        email = checked_email(email)
        await self.refuse_taken(email)
        if password is not None and password_hash:
            raise errors.invalid("Only a password or a password hash should be provided")
        if password_hash:
            passwords.check_hash(password_hash)
        user_id, ban_seconds = _checked_id(asked_id), duration_seconds(ban_duration)
        if len((password or "").encode()) > passwords.MAXIMUM_BYTES:
            raise errors.unexpected("Internal Server Error")
        password_hash = password_hash or await passwords.hash_of(password)
        try:
            async with self._store.transaction() as tx:
                await _insert(
                    tx, user_id, email, password_hash, user_metadata,
                    identity_data=_claims_of_identity(user_id, email),
                )  # fmt: skip
                await tx.execute(queries.SET_ROLE, user_id=user_id, role=role or "authenticated")
                if app_metadata is not None:
                    await tx.execute(queries.PATCH_APP_METADATA, user_id=user_id, patch=Jsonb(app_metadata))
                if is_confirmed:
                    await tx.execute(queries.CONFIRM_EMAIL, user_id=user_id)
                if ban_seconds is not None:
                    await tx.execute(queries.BAN, user_id=user_id, seconds=ban_seconds)
                return just_confirmed(await _load(tx, user_id))
        except psycopg.Error as error:
            raise errors.unexpected("Database error creating new user") from error

    async def update(self, user_id: str, params: Params) -> Row:
        """What the administrator changes; a new password ends every session of the user."""
        before = await self.get(user_id)
        email, password, ban_duration = (
            params.text("email"),
            params.optional_text("password"),
            params.text("ban_duration"),
        )
        app_metadata, user_metadata = params.mapping("app_metadata"), params.mapping("user_metadata")
        role, is_confirmed = params.text("role"), params.flag("email_confirm")
        email = checked_email(email) if email else ""
        if params.text("phone"):
            raise errors.not_emulated("users with a phone number")
        ban_seconds = duration_seconds(ban_duration)
        password_hash = None
        if password is not None:
            passwords.check_strength(password, self._context.minimum_password_length)
            password_hash = await passwords.hash_of(password)
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
                    await tx.execute(queries.SET_EMAIL, user_id=user_id, email=email, is_confirmed=is_confirmed)
                if app_metadata is not None:
                    await tx.execute(queries.PATCH_APP_METADATA, user_id=user_id, patch=Jsonb(app_metadata))
                if user_metadata is not None:
                    await tx.execute(queries.PATCH_USER_METADATA, user_id=user_id, patch=Jsonb(user_metadata))
                if ban_seconds is not None:
                    await tx.execute(queries.BAN, user_id=user_id, seconds=ban_seconds)
                after = await _load(tx, user_id)
                return after if "email_confirmed_at" in before else just_confirmed(after)
        except psycopg.Error as error:
            raise errors.unexpected("Error updating user") from error

    async def get(self, user_id: str) -> Row:
        """One user; 404 for an unknown id."""
        if not is_uuid(user_id):
            raise errors.AuthError(404, "validation_failed", "user_id must be an UUID")
        async with self._store.transaction() as tx:
            return await _load(tx, user_id)

    async def page(self, page: int, per_page: int, filter_: str, *, oldest_first: bool) -> tuple[list[Row], int]:
        """Users whose address or full name contains the filter, and how many there are in all."""
        async with self._store.transaction() as tx:
            counted = await tx.fetch(queries.COUNT_USERS, filter=filter_)
            rows = await tx.fetch_all(
                queries.LIST_USERS, limit=per_page, offset=(page - 1) * per_page, filter=filter_,
                oldest_first=oldest_first,
            )  # fmt: skip
        return [user_shape(row, in_list=True) for row in rows], int(counted["total"]) if counted else 0

    async def delete(self, user_id: str, *, softly: bool) -> None:
        """Remove a user and the sessions; softly: keep an unreadable row."""
        await self.get(user_id)
        try:
            async with self._store.transaction() as tx:
                await tx.execute(queries.END_ALL_SESSIONS, user_id=user_id)
                await tx.execute(queries.SOFT_DELETE_USER if softly else queries.DELETE_USER, user_id=user_id)
        except psycopg.Error as error:
            raise errors.unexpected("Database error deleting user") from error

    async def refuse_taken(self, email: str) -> None:
        """Raise `AuthError` for an address that a user has."""
        if await self._find(email) is not None:
            raise errors.unprocessable("email_exists", _ADDRESS_TAKEN)

    async def _find(self, email: str) -> Row | None:
        async with self._store.transaction() as tx:
            return await tx.fetch(queries.USER_BY_EMAIL, email=email, instance=INSTANCE)


async def _insert(
    tx: Transaction, user_id: str, email: str, password_hash: str, user_metadata: Row, *, identity_data: Row
) -> None:
    await tx.execute(
        queries.CREATE_USER, instance=INSTANCE, user_id=user_id, email=email, password_hash=password_hash,
        app_metadata=Jsonb({"provider": "email", "providers": ["email"]}), user_metadata=Jsonb(user_metadata),
    )  # fmt: skip
    await tx.execute(queries.CREATE_IDENTITY, user_id=user_id, identity_data=Jsonb(identity_data))


def _claims_of_identity(user_id: str, email: str) -> Row:
    return {"sub": user_id, "email": email, "email_verified": False, "phone_verified": False}


def just_confirmed(user: Row) -> Row:
    """A user in the answer that confirmed the address: without `confirmed_at`, which the database works out."""
    return {name: value for name, value in user.items() if name != "confirmed_at"}


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
