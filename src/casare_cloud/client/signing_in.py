"""Signing a program in with what its environment says."""

from collections.abc import Mapping
from typing import TypeVar

from casare_cloud.client.session import Session

Kind = TypeVar("Kind", bound=Session)


class NotConfigured(ValueError):
    """The environment does not say where the service is, or who calls."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Set {name}, or start a local stack with `casare-cloud up`.")
        self.name = name


async def client_of(kind: type[Kind], env: Mapping[str, str]) -> Kind:
    """A client of `ORCHESTRATOR_URL`, with `CASARE_API_KEY` (a service key), else signed in as a user.

    The user is `CASARE_USERNAME`, else the demo user of a local stack, in the tenant `CASARE_TENANT` (its slug or id)
    when they belong to several. Raises `NotConfigured`.
    """
    key = env.get("CASARE_API_KEY")
    client = kind(setting(env, "ORCHESTRATOR_URL"), api_key=key)
    if not key:
        try:
            await client.login(*login_of(env), env.get("CASARE_TENANT") or None)
        except BaseException:
            await client.close()
            raise
    return client


def login_of(env: Mapping[str, str]) -> tuple[str, str]:
    """The user's name and password. Raises `NotConfigured`."""
    return (
        env.get("CASARE_USERNAME") or setting(env, "DEMO_USERNAME", "CASARE_API_KEY"),
        env.get("CASARE_PASSWORD") or setting(env, "DEMO_PASSWORD", "CASARE_PASSWORD"),
    )


def setting(env: Mapping[str, str], name: str, asked: str | None = None) -> str:
    """What the environment says; raises `NotConfigured` that names what is to be set (by default the same name)."""
    if not env.get(name):
        raise NotConfigured(asked or name)
    return env[name]
