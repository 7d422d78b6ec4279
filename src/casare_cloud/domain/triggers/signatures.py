"""How senders prove themselves: what each form of `auth` looks for in a request, and compares in constant time.

Sources: GitHub, Stripe, Slack and Zoom as each documents its webhooks, Microsoft Graph's clientState, and Standard
Webhooks 1.0 (symmetric `v1`, asymmetric `v1a`). A signature is compared as text, so that it has one spelling only.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE_SECONDS = 300  # a request that says when it was made is not older, or newer, than this
_MOST_SIGNATURES = 10

# Forms of which a hash of the secret is enough: the sender shows the secret itself.
SHOWN = ("secret", "bearer", "api_key", "graph")
# Forms that begin with a secret of their own making: whsec_ and base64.
STANDARD_PREFIX = "whsec_"
_HEADERS = {
    "secret": "x-webhook-secret",
    "api_key": "x-api-key",
    "github": "x-hub-signature-256",
    "hmac_sha1": "x-hub-signature",
    "hmac_sha256": "x-hub-signature-256",
    "hmac_sha384": "x-webhook-signature",
    "hmac_sha512": "x-webhook-signature",
}


class Unproven(Exception):
    """The request does not come from who knows the secret; the message is for the trigger's owner, not the sender."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a trigger's senders prove themselves with, the newest first: hashes, or the secrets themselves."""

    hashes: Sequence[bytes] = ()
    plain: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it came; header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes
    now: float


def verify(config: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """Return when the request is proven as the trigger's `auth` says; else raise `Unproven`."""
    auth = config.get("auth", "secret")
    if auth == "none":
        return
    if not secrets.hashes and not secrets.plain and not (auth == "standard" and config.get("public_key")):
        raise Unproven("The trigger has no secret that holds, or the functions lack the key that sealed it.")
    _FORMS[auth](config, secrets, request)


def _shown(config: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    auth = config.get("auth", "secret")
    name = str(config.get("header", _HEADERS[auth])).lower()
    _compare_shown(_wire(request.headers.get(name)), secrets, name)


def _bearer(_: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    scheme, _space, shown = request.headers.get("authorization", "").partition(" ")
    _compare_shown(_wire(shown) if scheme.lower() == "bearer" else None, secrets, "authorization")


def _graph(_: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """Microsoft Graph repeats `clientState` in each notification."""
    try:
        items = json.loads(request.body)["value"]
        states = [item["clientState"] for item in items]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unproven("The body has no value[].clientState.") from None
    if not states or len(states) > 1000:
        raise Unproven("The body has no value[].clientState.")
    for state in states:
        _compare_shown(state.encode("utf-8", "replace") if isinstance(state, str) else None, secrets, "clientState")


def _wire(text: str | None) -> bytes | None:
    """A header's value as it came: header values are read as Latin-1."""
    return None if text is None else text.encode("latin-1", "replace")


def _compare_shown(shown: bytes | None, secrets: Secrets, name: str) -> None:
    if not shown:
        raise Unproven(f"{name} is missing.")
    given = hashlib.sha256(shown).digest()
    found = [hmac.compare_digest(given, known) for known in secrets.hashes]  # with all, whatever is found on the way
    if not any(found):
        raise Unproven(f"{name} is not the secret.")


def _plain_hmac(config: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """`sha256=<hex>` over the body, as GitHub has it; older names choose another hash and need no prefix."""
    auth = str(config["auth"])
    algorithm = "sha256" if auth == "github" else auth.removeprefix("hmac_")
    name = str(config.get("header", _HEADERS[auth])).lower()
    given = request.headers.get(name, "")
    prefix = f"{algorithm}="
    if not given.startswith(prefix) and auth != "github":
        given = prefix + given
    wanted = [prefix + hmac.new(secret, request.body, algorithm).hexdigest() for secret in secrets.plain]
    _compare([given], wanted, name)


def _slack(config: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """`v0=<hex>` over `v0:<timestamp>:<body>`; Zoom does the same under its own names."""
    name = "x-slack" if config["auth"] == "slack" else "x-zm"
    signature = request.headers.get("x-slack-signature" if name == "x-slack" else "x-zm-signature", "")
    timestamp = _timestamp(request.headers.get(f"{name}-request-timestamp", ""), request.now)
    content = b"v0:" + timestamp.encode() + b":" + request.body
    wanted = ["v0=" + hmac.new(secret, content, "sha256").hexdigest() for secret in secrets.plain]
    _compare([signature], wanted, f"{name}-signature")


def _stripe(_: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """`t=<timestamp>,v1=<hex>[,v1=<hex>]` over `<timestamp>.<body>`."""
    parts = [part.partition("=") for part in request.headers.get("stripe-signature", "").split(",")]
    times = [value for key, _, value in parts if key == "t"]
    if len(times) != 1:
        raise Unproven("stripe-signature has no single timestamp.")
    content = _timestamp(times[0], request.now).encode() + b"." + request.body
    wanted = [hmac.new(secret, content, "sha256").hexdigest() for secret in secrets.plain]
    _compare([value for key, _, value in parts if key == "v1"], wanted, "stripe-signature")


def _standard(config: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """Space-separated `v1,<base64>` (HMAC) and `v1a,<base64>` (ed25519) over `<id>.<timestamp>.<body>`."""
    message_id = request.headers.get("webhook-id", "")
    if not message_id:
        raise Unproven("webhook-id is missing.")
    timestamp = _timestamp(request.headers.get("webhook-timestamp", ""), request.now)
    content = f"{message_id}.{timestamp}.".encode("latin-1", "replace") + request.body
    given = request.headers.get("webhook-signature", "").split(" ")[:_MOST_SIGNATURES]
    public_key = config.get("public_key")
    if public_key and any(_is_signed(str(public_key), content, item[4:]) for item in given if item[:4] == "v1a,"):
        return
    wanted = [
        "v1," + base64.b64encode(hmac.new(secret, content, "sha256").digest()).decode() for secret in secrets.plain
    ]
    _compare(given, wanted, "webhook-signature")


def _is_signed(public_key: str, content: bytes, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(signature, validate=True)
        if base64.b64encode(raw).decode() != signature:  # bits that stand for nothing
            return False
        Ed25519PublicKey.from_public_bytes(public_key_of(public_key)).verify(raw, content)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _jwt(_: Mapping[str, Any], secrets: Secrets, request: Signed) -> None:
    """`Authorization: Bearer <token>` that was signed with the secret (HS256, HS384 or HS512) and has not expired."""
    import jwt

    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unproven("authorization has no token.")
    for secret in secrets.plain:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256", "HS384", "HS512"],
                options={
                    "require": ["exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except (jwt.PyJWTError, ValueError):
            continue
        if not isinstance(claims["exp"], int | float) or claims["exp"] <= request.now:
            raise Unproven("The token has expired.")
        if isinstance(claims.get("nbf"), int | float) and claims["nbf"] > request.now + TOLERANCE_SECONDS:
            raise Unproven("The token is not good yet.")
        return
    raise Unproven("The token is not signed with the secret.")


def _timestamp(text: str, now: float) -> str:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise Unproven("The timestamp is missing, or no number of seconds.")
    if abs(now - int(text)) > TOLERANCE_SECONDS:
        raise Unproven("The timestamp is too old, or lies in the future.")
    return text


def _compare(given: Sequence[str], wanted: Sequence[str], name: str) -> None:
    """Compare all with all, whatever is found on the way."""
    found = [
        hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
        for one in given[:_MOST_SIGNATURES]
        for other in wanted
    ]
    if not any(found):
        raise Unproven(f"{name} is missing, or no signature of this request by the secret.")


_FORMS: dict[str, Callable[[Mapping[str, Any], Secrets, Signed], None]] = {
    "secret": _shown,
    "api_key": _shown,
    "bearer": _bearer,
    "graph": _graph,
    "github": _plain_hmac,
    "hmac_sha1": _plain_hmac,
    "hmac_sha256": _plain_hmac,
    "hmac_sha384": _plain_hmac,
    "hmac_sha512": _plain_hmac,
    "slack": _slack,
    "zoom": _slack,
    "stripe": _stripe,
    "standard": _standard,
    "jwt": _jwt,
}


def public_key_of(text: str) -> bytes:
    """The 32 bytes of a `whpk_…`; `ValueError` for anything else."""
    raw = base64.b64decode(text.removeprefix("whpk_"), validate=True)
    if len(raw) != 32:
        raise ValueError("A public key has 32 bytes.")
    return raw


def key_of_secret(auth: str, secret: str) -> bytes:
    """What is signed with when a secret is given as text: its bytes, or of `whsec_…` what the base64 stands for.

    `ValueError` with the rule when it is none that the form can use.
    """
    if auth == "standard":
        try:
            key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not 24 <= len(key) <= 64:
            raise ValueError("must be whsec_ and 24 to 64 bytes in base64")
        return key
    if not 16 <= len(secret) <= 512 or not secret.isprintable():
        raise ValueError("must have 16 to 512 printable characters")
    return secret.encode()
