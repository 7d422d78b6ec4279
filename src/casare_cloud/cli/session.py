"""How a command reaches the service: addresses and credentials from options, the environment, or the local stack."""

from collections.abc import Mapping

from casare_cloud import env_file
from casare_cloud.cli.output import fail
from casare_cloud.client import Client
from casare_cloud.client.signing_in import NotConfigured, client_of


def environment() -> Mapping[str, str]:
    """The process's environment over the `.casare/env` of the stack of this folder, or of the nearest one above it."""
    return env_file.environment()


def setting(env: Mapping[str, str], name: str, given: str | None, option: str) -> str:
    """The option's value, else the environment's; ends the command with a sentence when there is neither."""
    value = given or env.get(name)
    if not value:
        fail(f"Give {option}, or set {name}, or start a local stack with `casare-cloud up`.", 2)
    return value


async def signed_in(env: Mapping[str, str] | None = None) -> Client:
    """A client signed in with `CASARE_API_KEY` (a service key), else as the local stack's demo user."""
    try:
        return await client_of(Client, env if env is not None else environment())
    except NotConfigured as problem:
        fail(str(problem), 2)
