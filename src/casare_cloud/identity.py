"""Who makes a request: reads the carriers of a credential, verifies tokens, makes keys and robot tokens.

A key is only checked for its form here; whether it is live is for the database, in the round trip of the first
statement. A token's signature is checked here; what its owner may do is, again, for the database.
"""

import asyncio
import hashlib
import json
import logging
import math
import re
import secrets
import time
import weakref
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Literal
from uuid import UUID

from casare_cloud.config import Settings
from casare_cloud.errors import AuthenticationFailed, Unavailable

KeyKind = Literal["robot", "service"]

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIXES: dict[str, KeyKind] = {"crpa_": "robot", "robot_": "robot", "rpa-agent-": "robot", "sk_live_": "service"}
_SECRET_CHARACTERS = 43  # 62^43 > 2^256
_CHECKSUM_CHARACTERS = 6
KEY_ALGORITHMS = {"EC": ("ES256", "ES384"), "RSA": ("RS256", "RS384", "RS512"), "OKP": ("EdDSA",)}
_CLOCK_SKEW_SECONDS = 30  # as PostgREST allows
_JWKS_SECONDS = 600
_FETCH_SECONDS = 5
_WAITED_FOR_SECONDS = 3600  # older keys are refreshed before they are used: beside requests a function may get no time
_REST_SECONDS = 10

logger = logging.getLogger("casare_cloud")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request, as far as can be said without the database.

    `claims` is the JSON of a verified token, `key_hash` the SHA-256 of an API key; both None: an anonymous caller.
    """

    role: str = "anon"
    claims: str | None = None
    key_hash: bytes | None = None
    token: str | None = None  # the access token as it came, to hand it on to Supabase Auth
    is_dev_mode: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether the request carried no credential."""
        return self.claims is None and self.key_hash is None

    def __repr__(self) -> str:
        kind = "anonymous" if self.is_anonymous else "key" if self.key_hash else "token"
        return f"Actor({kind})"


ANONYMOUS = Actor()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: `key` is shown once, `key_hash` (SHA-256) and `prefix` are what is stored."""

    key: str
    key_hash: bytes
    prefix: str


def new_api_key(kind: KeyKind, prefix: str | None = None) -> NewKey:
    """A new key of 256 bits: prefix, 43 random base62 characters, and a checksum that tells typing errors from lies."""
    prefix = prefix or ("crpa_" if kind == "robot" else "sk_live_")
    body = prefix + "".join(secrets.choice(_BASE62) for _ in range(_SECRET_CHARACTERS))
    key = body + _checksum(body)
    return NewKey(key, hash_of_key(key), key[: len(prefix) + 6])


def kind_of_key(key: str) -> KeyKind | None:
    """What kind of key a text is; None when it has no known prefix, a wrong length or a wrong checksum."""
    for prefix, kind in _PREFIXES.items():
        if key.startswith(prefix):
            body, checksum = key[:-_CHECKSUM_CHARACTERS], key[-_CHECKSUM_CHARACTERS:]
            is_whole = len(key) == len(prefix) + _SECRET_CHARACTERS + _CHECKSUM_CHARACTERS
            return kind if is_whole and key.isascii() and _checksum(body) == checksum else None
    return None


def hash_of_key(key: str) -> bytes:
    """The hash by which a key is stored and found."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


class Verifier:
    """Recognises the credential of a request. One per process: it keeps the public keys of Supabase Auth."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = KeySet(f"{settings.supabase_url}/auth/v1/.well-known/jwks.json", settings.is_local)

    async def actor_of(self, headers: Mapping[str, str]) -> Actor:
        """The actor that a request's headers name; `AuthenticationFailed` for a credential that cannot be right.

        Carriers, in this order: `Authorization: Bearer <token or key>`, `X-Api-Key`, `X-Api-Token`. No carrier at all
        is `ANONYMOUS`. `headers` has lower-case names.
        """
        credential = _bearer_of(headers.get("authorization"))
        may_be_imported = self._settings.robot_auth_enabled
        if credential is not None:
            may_be_imported = may_be_imported and credential.count(".") != 2  # of an access token that is no good
        else:
            credential = headers.get("x-api-key", headers.get("x-api-token"))
        if credential is None:
            return ANONYMOUS
        credential = credential.strip()
        if kind_of_key(credential) is not None:
            return Actor("authenticated", key_hash=hash_of_key(credential))
        if credential.count(".") == 2 and not credential.startswith(tuple(_PREFIXES)):
            try:
                claims = await self.verify(credential)
            except AuthenticationFailed:
                if not may_be_imported:
                    raise
            else:
                return Actor("authenticated", claims=json.dumps(claims), token=credential)
        # A token that was imported may look like anything, like a mistyped key of ours too: the database knows.
        if may_be_imported and re.fullmatch(r"[!-~]{16,512}", credential):
            return Actor("authenticated", key_hash=hash_of_key(credential))
        raise AuthenticationFailed()

    async def accepts_new(self, token: str) -> bool:
        """Whether requests may carry a token that Auth gave just now; it may have begun to sign with another key."""
        try:
            await self.verify(token)
        except AuthenticationFailed:
            self._keys.rest_no_longer()
            try:
                await self.verify(token)
            except AuthenticationFailed:
                return False
        return True

    async def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature, audience, role and times are right; else `AuthenticationFailed`."""
        import jwt  # only requests with tokens pay for the cryptography

        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            key: Any
            if self._settings.jwt_algorithm not in ("", algorithm):
                key = None
            elif algorithm == "HS256" and self._settings.supabase_jwt_secret:
                key = self._settings.supabase_jwt_secret
            elif isinstance(kid, str):
                key = await self._keys.key_for(kid, algorithm)
            else:
                key = None
            if key is None or not isinstance(algorithm, str):
                raise AuthenticationFailed()
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience="authenticated",
                leeway=_CLOCK_SKEW_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise AuthenticationFailed() from error
        if claims.get("role") != "authenticated" or not _is_uuid(claims.get("sub")):
            raise AuthenticationFailed()
        return claims


class KeySet:
    """The public keys of an issuer: fetched when needed, again every ten minutes, and once more for an unknown key id.

    A known key is answered at once, while one refresh goes on beside. After every try but the first that succeeds, the
    issuer is left alone for ten seconds: a service that is slow to answer delays a few requests, not each.
    """

    def __init__(self, url: str, is_local: bool = False) -> None:
        self._url = url
        self._is_local = is_local  # then no proxy of the environment stands between
        self._keys: dict[str, Any] = {}
        self._fetched_at: float | None = None
        self._rests_until = 0.0
        self._refreshing: asyncio.Task[None] | None = None  # kept: the loop holds tasks weakly
        self._locks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()

    async def key_for(self, kid: str, algorithm: object) -> Any | None:
        """The key with this id, if it is a public key for this algorithm; None otherwise."""
        if self._is_due(kid):
            lock = self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
            if kid not in self._keys:
                await self._refresh(lock, kid)
            elif not lock.locked():
                self._refreshing = asyncio.create_task(self._refresh(lock, kid))
                if self._age() > _WAITED_FOR_SECONDS:
                    await self._refreshing
        if self._fetched_at is None:
            message = "The sign-in service does not answer; try again in a moment."
            raise Unavailable("AUTH_UNAVAILABLE", message, retry_after=_REST_SECONDS)
        key = self._keys.get(kid)
        if key is None or algorithm not in KEY_ALGORITHMS.get(key.key_type, ()):
            return None
        return key if key.algorithm_name == algorithm else None

    def rest_no_longer(self) -> None:
        """Let the next unknown key id be fetched at once: the token that names it came from Auth itself."""
        self._rests_until = 0.0

    def _age(self) -> float:
        return math.inf if self._fetched_at is None else time.monotonic() - self._fetched_at

    def _is_due(self, kid: str) -> bool:
        is_rested = time.monotonic() >= self._rests_until
        return is_rested and (kid not in self._keys or self._age() > _JWKS_SECONDS)

    async def _refresh(self, lock: asyncio.Lock, kid: str) -> None:
        async with lock:  # a cold instance that gets sixty requests at once asks once
            if self._is_due(kid):
                is_first = self._fetched_at is None
                is_fetched = await self._fetch()
                self._rests_until = 0.0 if is_first and is_fetched else time.monotonic() + _REST_SECONDS

    async def _fetch(self) -> bool:
        """Whether the issuer gave its keys; if not, stale ones are better than none: keys are retired slowly."""
        import jwt

        keys: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_FETCH_SECONDS):  # in all: a name may be looked up and an answer read for longer
                published = await asyncio.to_thread(self._published)
            for item in published["keys"]:
                with suppress(jwt.PyJWTError):  # a kind of key that this version does not know
                    if isinstance(item.get("kid"), str) and item.get("kty") in KEY_ALGORITHMS:
                        keys[item["kid"]] = jwt.PyJWK.from_dict(item)
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("The keys of Supabase Auth could not be fetched from %s: %r", self._url, error)
            return False
        self._keys, self._fetched_at = keys, time.monotonic()
        return True

    def _published(self) -> Any:
        """What the issuer publishes. No redirect is followed.

        With the standard library, which PyJWT has imported already: an HTTP client would make the first request of a
        cold process wait for a tenth of a second more.
        """
        from urllib import request

        opener = request.OpenerDirector()
        opener.addheaders = [("User-Agent", "casare-cloud"), ("Accept", "application/json")]
        for handler in (
            request.ProxyHandler({} if self._is_local else None),  # None: those that the environment names
            request.HTTPHandler(),
            request.HTTPSHandler(),
            request.HTTPErrorProcessor(),
            request.HTTPDefaultErrorHandler(),
        ):
            opener.add_handler(handler)
        with opener.open(self._url, timeout=_FETCH_SECONDS) as answer:
            return json.load(answer)


def mint_robot_token(settings: Settings, tenant_id: UUID, robot_id: UUID, api_key_id: UUID) -> tuple[str, int]:
    """A short-lived ES256 token for direct mode (Data API and Realtime), and its life in seconds (600 to 3600).

    It is signed with `CASARE_SIGNING_KEY`, whose public half Supabase Auth publishes; the database checks at every use
    that key and robot still exist.
    """
    who = {"principal": "robot", "robot_id": str(robot_id), "api_key_id": str(api_key_id)}
    return mint_token(settings, str(robot_id), {"tenant_id": str(tenant_id), **who})


def mint_token(settings: Settings, subject: str, app_metadata: Mapping[str, Any]) -> tuple[str, int]:
    """A short-lived ES256 token for a caller whom the database has verified, and its life in seconds (600 to 3600)."""
    import jwt

    if not settings.signing_key:
        raise Unavailable(
            "DIRECT_MODE_UNAVAILABLE", "Direct mode is not set up here: CASARE_SIGNING_KEY is missing.", 3600
        )
    jwk = json.loads(settings.signing_key)
    seconds = min(3600, max(600, settings.robot_token_seconds))
    now = int(time.time())
    claims = {
        "iss": f"{settings.supabase_url}/auth/v1",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": subject,
        "iat": now,
        "exp": now + seconds,
        "app_metadata": dict(app_metadata),
    }
    key = jwt.PyJWK.from_dict(jwk, algorithm="ES256")
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": jwk["kid"]}), seconds


def _bearer_of(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, credential = header.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise AuthenticationFailed()
    return credential


def _is_uuid(value: object) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None
    )
