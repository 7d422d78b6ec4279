"""Passwords: bcrypt, off the event loop."""

import asyncio
import re
import secrets
from typing import Any, Final

import bcrypt

from . import errors

BCRYPT_ROUNDS: Final = 10
MAXIMUM_BYTES: Final = 72
_BCRYPT_HASH: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_OTHER_HASHES: Final = ("$argon2", "$fbscrypt")


def check_strength(password: str, minimum_length: int) -> None:
    """Raise `AuthError` for a password that is too short or too long for bcrypt."""
    check_length(password)
    if (weakness := weakness_of(password, minimum_length)) is not None:
        raise errors.weak_password(weakness)


def weakness_of(password: str, minimum_length: int) -> dict[str, Any] | None:
    """What the project's rules say against a password; None: nothing."""
    if len(password.encode()) >= minimum_length:
        return None
    return {"message": f"Password should be at least {minimum_length} characters.", "reasons": ["length"]}


def check_length(password: str) -> None:
    """Raise `AuthError` for a password that bcrypt cannot take whole."""
    if len(password.encode()) > MAXIMUM_BYTES:
        raise errors.invalid(f"Password cannot be longer than {MAXIMUM_BYTES} characters")


def check_hash(password_hash: str) -> None:
    """Raise `AuthError` for a hash that is not bcrypt's."""
    if password_hash.startswith(_OTHER_HASHES):
        raise errors.not_emulated("hashes but those of bcrypt")
    if not _BCRYPT_HASH.fullmatch(password_hash):
        raise errors.unexpected("Error creating user")


async def hash_of(password: str | None) -> str:
    """The hash to store; of a random password when none is given."""
    secret = (password or secrets.token_urlsafe(48)).encode()
    return (await asyncio.to_thread(bcrypt.hashpw, secret, bcrypt.gensalt(BCRYPT_ROUNDS))).decode()


async def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed."""
    secret = password.encode()
    if not password_hash or len(secret) > MAXIMUM_BYTES:
        return False
    return await asyncio.to_thread(bcrypt.checkpw, secret, password_hash.encode())
