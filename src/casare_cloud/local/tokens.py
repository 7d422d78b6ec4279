"""JSON web tokens of the local stack: minted with its ES256 key, verified with that or with the shared secret."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt

from casare_cloud.local.context import LocalContext

CLOCK_SKEW_SECONDS = 30
_PUBLIC_FIELDS = ("kty", "crv", "x", "y", "kid")
_CACHE_SIZE = 512

KEY_TOKEN_SECONDS = 24 * 3600  # a socket that was opened with an API key must not end with the key's token


class TokenError(Exception):
    """A token that is not to be trusted; `is_about_claims` when the signature was right but a claim was not."""

    def __init__(self, message: str, *, is_about_claims: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_about_claims = is_about_claims


def mint(context: LocalContext, claims: Mapping[str, Any]) -> str:
    """A token with these claims, signed with the project's ES256 key; the header carries `kid`."""
    key = _private_key(context.signing_key["x"], context.signing_key["y"], context.signing_key["d"])
    return jwt.encode(dict(claims), key, algorithm="ES256", headers={"kid": context.signing_key["kid"]})


def mint_for_role(context: LocalContext, role: str) -> str:
    """The token that the gateway puts in place of an API key."""
    now = int(time.time())
    return mint(context, {"iss": context.jwt_issuer, "role": role, "iat": now, "exp": now + KEY_TOKEN_SECONDS})


def verify(context: LocalContext, token: str, skew: float = CLOCK_SKEW_SECONDS) -> dict[str, Any]:
    """The claims of a token, or `TokenError`. exp, nbf and iat may miss the clock by `skew` seconds."""
    claims = _verify_signature(context, token)
    _check_times(claims, time.time(), skew)
    return claims


def public_jwks(context: LocalContext) -> dict[str, Any]:
    """The key set for /.well-known/jwks.json; a shared secret is never part of it."""
    key: dict[str, Any] = {name: context.signing_key[name] for name in _PUBLIC_FIELDS}
    return {"keys": [{**key, "alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True}]}


def _verify_signature(context: LocalContext, token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm == "ES256" and kid in (None, context.signing_key["kid"]):
            jwk = context.signing_key
            return dict(_decode(token, "ES256", (jwk["x"], jwk["y"])))
        if algorithm == "HS256" and context.jwt_secret:
            return dict(_decode(token, "HS256", (context.jwt_secret,)))
    except jwt.InvalidSignatureError:
        raise TokenError("JWT cryptographic operation failed: the signature does not fit") from None
    except jwt.PyJWTError as error:
        raise TokenError(f"JWT could not be read: {error}") from None
    raise TokenError("No suitable key or wrong key type")


@lru_cache(maxsize=_CACHE_SIZE)
def _decode(token: str, algorithm: str, key: tuple[str, ...]) -> dict[str, Any]:
    """Cached, because an ES256 signature costs more than a simple query. Times are checked apart, every time."""
    options: Any = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    decoder_key: Any = key[0] if algorithm == "HS256" else _public_key(*key)
    decoded: dict[str, Any] = jwt.decode(token, decoder_key, algorithms=[algorithm], options=options)
    return decoded


def _check_times(claims: Mapping[str, Any], now: float, skew: float) -> None:
    times = {}
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TokenError(f"The JWT '{name}' claim must be a number", is_about_claims=True)
        times[name] = value
    if times["exp"] is not None and now > times["exp"] + skew:
        raise TokenError("JWT expired", is_about_claims=True)
    if times["nbf"] is not None and now < times["nbf"] - skew:
        raise TokenError("JWT not yet valid", is_about_claims=True)
    if times["iat"] is not None and now < times["iat"] - skew:
        raise TokenError("JWT issued at future", is_about_claims=True)


@lru_cache(maxsize=8)
def _private_key(x: str, y: str, d: str) -> Any:
    return jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d}, algorithm="ES256").key


@lru_cache(maxsize=8)
def _public_key(x: str, y: str) -> Any:
    return jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": x, "y": y}, algorithm="ES256").key
