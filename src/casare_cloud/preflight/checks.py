"""The checks together: all at once, each value by itself, within four seconds."""

import asyncio
from collections.abc import Awaitable

from casare_cloud.config import Settings, is_loopback
from casare_cloud.preflight import auth, database, realtime
from casare_cloud.preflight.findings import Finding

SECONDS = 4.0  # with the start of a command that is five at most
_HEADROOM_SECONDS = 0.3  # for what is said when the time is over


async def check(settings: Settings, *, thoroughly: bool = False, seconds: float = SECONDS) -> list[Finding]:
    """All faults, in the order in which an operator would mend them; within `seconds`.

    `thoroughly` is for a person who starts something: values that are not set are faults, and the access token hook is
    tried with a user who is created for that and deleted again. A check that depends on a faulty value is left out.
    """
    budget = seconds - _HEADROOM_SECONDS
    of_database, of_project = await asyncio.gather(
        database.check(settings, budget), _check_project(settings, thoroughly, budget)
    )
    missing = _missing(settings) if thoroughly else []
    return [*missing, *of_database, *of_project]


def _missing(settings: Settings) -> list[Finding]:
    wanted = {
        "SUPABASE_PUBLISHABLE_KEY": (settings.supabase_publishable_key, "give the project's publishable key."),
        "SUPABASE_SECRET_KEY": (settings.supabase_secret_key, "give the project's secret key."),
        "CASARE_SIGNING_KEY": (
            settings.signing_key,
            "give the private ES256 key that was imported into Auth (`supabase gen signing-key --algorithm ES256`); "
            "robots' direct-mode tokens are signed with it.",
        ),
    }
    return [
        Finding(f"{name} is not set", f"{name} is not set: {advice}")
        for name, (value, advice) in wanted.items()
        if not value
    ]


async def _check_project(settings: Settings, thoroughly: bool, seconds: float) -> list[Finding]:
    import httpx2

    if not _is_url(settings.supabase_url):
        sentence = "SUPABASE_URL is not a URL. Such a one is: https://<project>.supabase.co"
        return [Finding(auth.UNREACHABLE, sentence), *auth.check_signing_key(settings, None)]
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    async with httpx2.AsyncClient(
        base_url=settings.supabase_url, timeout=seconds, trust_env=not settings.is_local
    ) as client:
        keys = await auth.fetch_keys(settings, client, seconds)
        if isinstance(keys, Finding):
            return [keys, *auth.check_signing_key(settings, None)]
        left = until - loop.time()
        secret, publishable = await asyncio.gather(
            _bounded(auth.check_key(settings, client, is_secret=True), auth.UNREACHABLE, "Auth", left),
            _bounded(auth.check_key(settings, client, is_secret=False), auth.UNREACHABLE, "Auth", left),
        )
        left = until - loop.time()
        checks = []
        if all(finding.is_doubt for finding in publishable):
            checks.append(_bounded(realtime.check(settings, client), realtime.UNREACHABLE, "Realtime", left))
        of_tokens = auth.check_verification(settings, keys)
        if thoroughly and settings.supabase_secret_key and not secret and not of_tokens:
            checks.append(auth.check_hook(settings, client, left))
        further = await asyncio.gather(*checks)
    return [
        *_encryption(settings),
        *publishable,
        *secret,
        *of_tokens,
        *auth.check_signing_key(settings, keys),
        *(finding for findings in further for finding in findings),
    ]


def _is_url(text: str) -> bool:
    import httpx2

    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host)


async def _bounded(work: Awaitable[list[Finding]], reason: str, who: str, seconds: float) -> list[Finding]:
    import httpx2

    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        why = f"no answer within {SECONDS:g} s"
    except httpx2.HTTPError as error:
        why = str(error) or type(error).__name__
    return [Finding(reason, f"SUPABASE_URL: {who} does not answer there ({why}). Is the project up?")]


def _encryption(settings: Settings) -> list[Finding]:
    url = settings.supabase_url
    if not url.startswith("http://") or is_loopback(url):
        return []
    sentence = "SUPABASE_URL begins with http://: keys and passwords would travel for all to read. Use https://."
    return [Finding("Connection to Supabase not encrypted", sentence)]
