"""How a command reaches the service: addresses and credentials from options, the environment, or the local stack."""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from casare_cloud import env_file
from casare_cloud.cli import profiles
from casare_cloud.cli.output import fail
from casare_cloud.client import Client
from casare_cloud.client.connection import tenant_of
from casare_cloud.client.signing_in import NotConfigured, client_of


def environment() -> Mapping[str, str]:
    """What says where the service is: the profile that is named; else the process's environment over the `.casare/env`
    of the stack of this folder, or of the nearest one above it; else the profile `default`."""
    found = profiles.chosen()
    return env_file.environment() if found is None else profiles.environment_of(found[1])


def setting(env: Mapping[str, str], name: str, given: str | None, option: str) -> str:
    """The option's value, else the environment's; ends the command with a sentence when there is neither."""
    value = given or env.get(name)
    if not value:
        fail(f"Give {option}, or set {name}, or start a local stack with `casare-cloud up`.", 2)
    return value


async def signed_in() -> Client:
    """A client that acts by the profile, else with `CASARE_API_KEY` (a service key), else as the local stack's demo
    user."""
    try:
        return await open_client()
    except NotConfigured as problem:
        fail(str(problem), 2)


async def open_client(*, may_refresh: bool = True) -> Client:
    """As `signed_in`; raises `NotConfigured`. `may_refresh=False`: a profile's token that has ended is refused, for a
    caller that may be cut off between the service's new tokens and their storing."""
    found = profiles.chosen()
    if found is None:
        return await client_of(Client, environment())
    name, profile = found
    if os.environ.get("CASARE_TENANT"):
        fail(f"CASARE_TENANT does not go with a profile: casare-cloud login --tenant … --profile {name}.", 2)
    return client_by(name, profile if may_refresh else replace(profile, refresh_token=None))


def client_by(name: str, profile: profiles.Profile) -> Client:
    """A client that acts by a profile, and keeps its newer tokens in it."""
    return Client(profile.url, api_key=profile.api_key) if profile.api_key else _ProfileClient(name, profile)


class _ProfileClient(Client):
    """A client with a user's tokens, which keeps newer ones in the profile: a refresh token is good for one use.

    Several commands act by one profile at once: who finds its token old takes the one that another has stored.
    """

    def __init__(self, name: str, profile: profiles.Profile) -> None:
        super().__init__(profile.url)
        self._kept: tuple[str, profiles.Profile] | None = None
        self._adopt(name, profile)

    def _adopt(self, name: str, profile: profiles.Profile) -> None:
        tokens = {"access_token": profile.access_token, "refresh_token": profile.refresh_token}
        super()._keep_tokens({**tokens, "expires_in": profile.ends_at - time.time()})
        self._kept = name, profile

    async def _token(self, *, not_this: str | None = None, may_move: bool = False) -> str:
        if self._kept is None or not self._must_refresh(not_this):
            return await super()._token(not_this=not_this, may_move=may_move)
        async with profiles.one_at_a_time():
            name, known = self._kept
            stored = profiles.read_all().get(name)
            if stored is None:  # somebody signed out: what comes now is not kept
                self._kept = None
            elif stored.refresh_token != self._refresh_token:
                if _whose(stored) == _whose(known):
                    self._adopt(name, stored)
                else:  # somebody signed in anew: that session is not this command's
                    self._kept = None
            return await super()._token(not_this=not_this, may_move=may_move)

    def _keep_tokens(self, answer: Mapping[str, Any]) -> None:
        super()._keep_tokens(answer)
        if self._kept is not None:
            name, profile = self._kept
            profiles.keep(name, replace(profile, **self.tokens))


def _whose(profile: profiles.Profile) -> tuple[str, str, str | None]:
    """The service, the user and the tenant that a profile's tokens are for."""
    return profile.url, profile.who, tenant_of(profile.access_token or "")
