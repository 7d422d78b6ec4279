"""Whether `SUPABASE_URL` leads to Auth, whether it knows our keys, and whether we can know its tokens."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from casare_cloud.config import Settings
from casare_cloud.errors import ApiError, AuthenticationFailed
from casare_cloud.identity import KEY_ALGORITHMS, Verifier
from casare_cloud.preflight.findings import Finding

if TYPE_CHECKING:
    import httpx2

_DELETION_SECONDS = 1.0
UNREACHABLE = "Auth does not answer"
_VERSION = {"X-Supabase-Api-Version": "2024-01-01"}
_NOBODY = "/auth/v1/admin/users/00000000-0000-0000-0000-000000000000"
_HOOK = "public.custom_access_token_hook as its Custom Access Token hook (see supabase/config.toml)"

_NOT_ACCEPTED = (
    "Auth signs with {}, and its tokens would be refused here: SUPABASE_JWT_SECRET is not set or not that project's. "
    "Set it to the project's JWT secret, or let Auth sign with an ES256 key."
)

Jwk = Mapping[str, Any]


async def fetch_keys(settings: Settings, client: "httpx2.AsyncClient", seconds: float) -> list[Jwk] | Finding:
    """The keys that Auth signs with, or why there are none: then nothing else can be asked of it."""
    import httpx2

    try:
        async with asyncio.timeout(seconds):
            response = await client.get("/auth/v1/.well-known/jwks.json")
        answer = response.json() if response.is_success else None
    except TimeoutError:
        return _unreachable(settings, f"no answer within {seconds:g} s")
    except httpx2.HTTPError as error:
        return _unreachable(settings, str(error) or type(error).__name__)
    except ValueError:
        answer = None
    keys = answer.get("keys") if isinstance(answer, dict) else None
    if not isinstance(keys, list):
        return _unreachable(settings, f"what answers there is not it: HTTP {response.status_code}")
    return [key for key in keys if isinstance(key, dict)]


def _unreachable(settings: Settings, why: str) -> Finding:
    sentence = f"SUPABASE_URL: Supabase Auth does not answer at {settings.supabase_url} ({why}). Is the address right?"
    return Finding(UNREACHABLE, sentence)


async def check_key(settings: Settings, client: "httpx2.AsyncClient", *, is_secret: bool) -> list[Finding]:
    """Whether Auth knows one of the two API keys, and as what."""
    kind, other = ("secret", "publishable") if is_secret else ("publishable", "secret")
    variable = f"SUPABASE_{kind.upper()}_KEY"
    key = settings.supabase_secret_key if is_secret else settings.supabase_publishable_key
    if not key:
        return []
    if not key.isascii() or not key.isprintable():
        return [Finding(f"Auth refuses the {kind} key", f"{variable} holds characters that no key has. Copy it again.")]
    response = await client.get(_NOBODY, headers=_as(key))
    status, code = response.status_code, _code_of(response)
    if status == 404 and code == "user_not_found":
        found = "secret"
    elif status in (401, 403) and code == "not_admin":
        found = "publishable"
    elif status in (401, 403):
        sentence = f"{variable}: Auth does not know this key. Copy the {kind} key of the project at SUPABASE_URL."
        return [Finding(f"Auth refuses the {kind} key", sentence)]
    else:
        sentence = f"{variable} could not be checked: Auth answers HTTP {status} {code}".rstrip() + "."
        return [Finding(f"The {kind} key could not be checked", sentence, is_doubt=True)]
    if found == kind:
        return []
    harm = "" if is_secret else " Robots and browsers get it, and it opens everything: replace that secret key."
    return [
        Finding(f"The {kind} key is a {other} one", f"{variable} holds a {other} key. Give it the {kind} one.{harm}")
    ]


def check_verification(settings: Settings, keys: list[Jwk]) -> list[Finding]:
    """Whether tokens that Auth signs can be recognised."""
    if settings.supabase_jwt_secret:
        return []
    algorithms = {_algorithm_of(key) for key in keys} - {None}
    if settings.jwt_algorithm and algorithms and settings.jwt_algorithm not in algorithms:
        names = ", ".join(sorted(filter(None, algorithms)))
        sentence = f"JWT_ALGORITHM is {settings.jwt_algorithm}, and Auth publishes keys for {names}: unset it."
        return [Finding("Auth publishes no usable key", sentence)]
    if algorithms:
        return []
    sentence = (
        "SUPABASE_JWT_SECRET is not set, and Auth publishes no key: it signs with HS256, and every token would be "
        "refused. Set it to the project's JWT secret, or import an ES256 key into Auth and let it sign with that."
    )
    return [Finding("Auth publishes no usable key", sentence)]


def check_signing_key(settings: Settings, keys: list[Jwk] | None) -> list[Finding]:
    """Whether robots' direct-mode tokens can be signed, and whether Auth publishes what verifies them."""
    if not settings.signing_key:
        return []
    import jwt

    malformed = Finding(
        "The signing key is malformed",
        "CASARE_SIGNING_KEY is not a private ES256 key. Such a one is a line of JSON with kty EC, crv P-256, kid, x, y "
        "and d, as `supabase gen signing-key --algorithm ES256` makes it.",
    )
    try:
        ours = json.loads(settings.signing_key)
        if not isinstance(ours["kid"], str) or not ours["kid"] or not ours["d"]:
            return [malformed]
        key = jwt.PyJWK.from_dict(ours, algorithm="ES256")
        token = jwt.encode({}, key, algorithm="ES256")
        public = {name: ours[name] for name in ("kty", "crv", "x", "y")}
        jwt.decode(token, jwt.PyJWK.from_dict(public, algorithm="ES256"), algorithms=["ES256"])
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return [malformed]
    if keys is None:
        return []
    theirs = next((each for each in keys if each.get("kid") == ours["kid"]), None)
    if theirs is None:
        theirs = next((each for each in keys if (each.get("x"), each.get("y")) == (ours["x"], ours["y"])), None)
        if theirs is not None:
            sentence = "CASARE_SIGNING_KEY: Auth publishes this key under another kid. Give it the kid that Auth has."
            return [Finding("The signing key is not among Auth's keys", sentence)]
    if theirs is None or (theirs.get("x"), theirs.get("y")) != (ours["x"], ours["y"]):
        sentence = (
            "CASARE_SIGNING_KEY: its public half is not among the keys that Auth publishes, so robots' direct-mode "
            "tokens would be refused. Import it into Auth as a signing key, or set the one that was imported."
        )
        return [Finding("The signing key is not among Auth's keys", sentence)]
    return []


async def check_hook(settings: Settings, client: "httpx2.AsyncClient", seconds: float) -> list[Finding]:
    """Whether Auth calls the access token hook, by the token of a user who is created for that and deleted again."""
    import httpx2

    user_id = str(uuid.uuid4())  # known beforehand: a user whose making was not answered in time is deleted, too
    try:
        async with asyncio.timeout(seconds - _DELETION_SECONDS):
            return await _look_at_a_token(settings, client, user_id)
    except (httpx2.HTTPError, ApiError, ValueError, KeyError, TypeError, TimeoutError) as error:
        return [_hook_unchecked(f"Auth did not answer as expected ({type(error).__name__})")]
    finally:
        with suppress(httpx2.HTTPError, TimeoutError):
            async with asyncio.timeout(_DELETION_SECONDS):
                await client.delete(f"/auth/v1/admin/users/{user_id}", headers=_as(settings.supabase_secret_key))


async def _look_at_a_token(settings: Settings, client: "httpx2.AsyncClient", user_id: str) -> list[Finding]:
    import jwt

    key = settings.supabase_secret_key
    form = {"email": f"preflight-{user_id}@casare.invalid", "password": secrets.token_urlsafe(24) + "aA1."}
    made = await client.post(
        "/auth/v1/admin/users", json={**form, "id": user_id, "email_confirm": True}, headers=_as(key)
    )
    if not made.is_success:
        return [_hook_unchecked(f"Auth made no user to try it with: HTTP {made.status_code} {_code_of(made)}")]
    headers = {"apikey": key, **_VERSION}
    sign_in = await client.post("/auth/v1/token?grant_type=password", json=form, headers=headers)
    if not sign_in.is_success:
        return [_why_no_sign_in(sign_in.status_code, _code_of(sign_in))]
    token = sign_in.json()["access_token"]
    try:
        await Verifier(settings).verify(token)
    except AuthenticationFailed:
        algorithm = jwt.get_unverified_header(token).get("alg")
        return [Finding("Auth's tokens are not accepted", _NOT_ACCEPTED.format(algorithm))]
    claims = jwt.decode(token, options={"verify_signature": False})
    if (claims.get("app_metadata") or {}).get("principal") == "user":
        return []
    sentence = f"The project of SUPABASE_URL calls no hook for access tokens: they lack tenant and roles. Set {_HOOK}."
    return [Finding("Auth does not call the access token hook", sentence)]


def _why_no_sign_in(status: int, code: str) -> Finding:
    if status >= 500 or code.startswith("hook_"):
        sentence = f"The project of SUPABASE_URL signs nobody in (HTTP {status} {code}): does its hook fail? "
        return Finding("Auth signs nobody in", f"{sentence}It should call {_HOOK}.")
    if code in ("email_provider_disabled", "provider_disabled"):
        sentence = "The project of SUPABASE_URL has its e-mail provider switched off: nobody can sign in. Switch it on."
        return Finding("Auth signs nobody in", sentence)
    if code == "captcha_failed":
        sentence = "The project of SUPABASE_URL asks for a captcha, which no server can solve. Switch it off."
        return Finding("Auth signs nobody in", sentence)
    return _hook_unchecked(f"Auth did not sign in the user who was made for that: HTTP {status} {code}")


def _hook_unchecked(why: str) -> Finding:
    sentence = f"Whether the project of SUPABASE_URL calls the access token hook could not be checked: {why.rstrip()}."
    return Finding("The access token hook could not be checked", sentence, is_doubt=True)


def _algorithm_of(key: Jwk) -> str | None:
    """The algorithm of a key that we can verify with."""
    known = KEY_ALGORITHMS.get(str(key.get("kty")), ())
    algorithm = key.get("alg") or (known[0] if known else None)
    return algorithm if isinstance(key.get("kid"), str) and algorithm in known else None


def _as(key: str) -> dict[str, str]:
    return {"apikey": key, "Authorization": f"Bearer {key}", **_VERSION}


def _code_of(response: "httpx2.Response") -> str:
    """Auth's word for a refusal; empty when the gateway refused, which has none."""
    with suppress(ValueError):
        body = response.json()
        if isinstance(body, dict):
            code = body.get("error_code") or body.get("code")
            return code if isinstance(code, str) else ""
    return ""
