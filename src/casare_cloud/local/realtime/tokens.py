"""Which tokens Realtime takes: JWTs of the stack's keys with `role` and `exp`, and the API keys that stand for one."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from casare_cloud.local.context import LocalContext

from .errors import TokenError

HS_ALGORITHMS: Final = ("HS256", "HS384", "HS512")
KEY_LIFETIME_SECONDS: Final = 24 * 3600
NO_CLAIM_CHECKS: Final = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


@dataclass(frozen=True)
class Token:
    """A verified token: who it speaks for, and until when (`expires_at`, seconds since 1970)."""

    raw: str
    claims: Mapping[str, Any]

    @property
    def role(self) -> str:
        """The database role of the caller."""
        return str(self.claims["role"])

    @property
    def expires_at(self) -> int:
        """When the token ends, in seconds since 1970."""
        return int(self.claims["exp"])


def expired(expires_at: int, now: float) -> TokenError:
    """The refusal of a token that has ended."""
    message = f"Token has expired {max(0, int(now) - expires_at)} seconds ago"
    return TokenError("InvalidJWTToken", message, handshake="Token has expired")


class TokenVerifier:
    """Verifies tokens as the service does, with its words: the ES256 signing key by `kid`, or the HS256 secret."""

    def __init__(self, context: LocalContext, clock: Callable[[], float] = time.time) -> None:
        public = {name: value for name, value in context.signing_key.items() if name != "d"}
        self._keys = {context.signing_key["kid"]: jwt.PyJWK(public, algorithm="ES256").key}
        self._secret = context.jwt_secret
        self._roles_of_keys = {context.publishable_key: "anon", context.secret_key: "service_role"}
        self.clock = clock

    def verify(self, raw: str | None) -> Token:
        """The token of a JWT or of an API key; raises `TokenError`."""
        if not isinstance(raw, str) or not raw:
            raise TokenError("MissingAPIKey", "API key is missing")
        if role := self._roles_of_keys.get(raw):
            return Token(raw, {"role": role, "exp": int(self.clock()) + KEY_LIFETIME_SECONDS})
        token = Token(raw, self._claims("".join(raw.split())))
        self.check_expiry(token)
        if "role" not in token.claims:
            raise TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")
        return token

    def check_expiry(self, token: Token) -> None:
        """Raise `TokenError` when the token has ended since it was verified."""
        now = self.clock()
        if token.expires_at <= now:
            raise expired(token.expires_at, now)

    def _claims(self, raw: str) -> dict[str, Any]:
        malformed = TokenError("MalformedJWT", "The token provided is not a valid JWT")
        try:
            header = jwt.get_unverified_header(raw)
            claims = jwt.decode(raw, self._key(header), [header["alg"]], options=NO_CLAIM_CHECKS)  # type: ignore[arg-type]
        except jwt.InvalidSignatureError:
            raise TokenError("JwtSignatureError", "Failed to validate JWT signature") from None
        except (jwt.PyJWTError, KeyError):
            raise malformed from None
        if not isinstance(claims.get("exp"), int | float):
            raise TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")
        if "iat" in claims and not isinstance(claims["iat"], int | float):
            raise TokenError(None, "Unknown Error on Channel", handshake="Error connecting to Realtime")
        return claims

    def _key(self, header: Mapping[str, Any]) -> Any:
        if header["alg"] in HS_ALGORITHMS and self._secret:
            return self._secret
        if (kid := header.get("kid")) in self._keys:
            return self._keys[kid]
        which = f" for key ID (kid) {json.dumps(kid)}" if kid is not None else ""
        message = f"Failed to generate JWT signer{which}, check your JWT secret or JWKS configuration"
        raise TokenError("JwtSignerError", message)
