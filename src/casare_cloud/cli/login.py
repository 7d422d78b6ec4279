"""`casare-cloud login`, `logout` and `profiles`: signing in once for all commands."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from casare_cloud.cli import profiles
from casare_cloud.cli.calls import AsJson
from casare_cloud.cli.output import errors_as_sentences, fail, note, print_json, print_table, say
from casare_cloud.cli.profiles import Profile
from casare_cloud.printing import is_terminal

ProfileName = Annotated[
    str | None, typer.Option("--profile", help="Its name; else CASARE_PROFILE, else default.", show_default=False)
]


def login(
    url: Annotated[
        str | None, typer.Option("--url", help="The orchestrator, e.g. https://…; default: ORCHESTRATOR_URL.")
    ] = None,
    username: Annotated[str | None, typer.Option("--username", "-u", help="User name or address.")] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Act in this tenant, when you belong to several: slug or id.")
    ] = None,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Sign in with a service key (sk_live_…) in place of a user.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Sign in, and let commands act as that user from now on. The password, or the key, is asked for.

    Where standard input is no terminal, its first line is it. Tokens are kept in ~/.config/casare-cloud/profiles.json,
    which only you can read; the password is not kept.

    Examples: casare-cloud login --url https://robots.example.com -u ada@example.com ·
    casare-cloud login --with-key --profile ci < key.txt
    """
    from casare_cloud import env_file
    from casare_cloud.cli.session import setting
    from casare_cloud.client import Client

    profile = profiles.name_to_change(profile)
    if with_key and (tenant or username):
        fail("A key is of one tenant and of no user: leave out --tenant and --username with --with-key.", 2)
    address = setting(env_file.environment(), "ORCHESTRATOR_URL", url, "--url")
    if not with_key and not username:
        if not is_terminal(sys.stdin):
            fail("Give --username, or --with-key.", 2)
        username = typer.prompt("User name", err=True)
    secret = _secret("Key" if with_key else "Password")

    async def sign_in() -> Profile:
        async with Client(address, api_key=secret if with_key else None) as client:
            if not with_key:
                await client.login(str(username), secret, tenant)
            me = await client.me()
            who = me["email"] or me["username"] or me["user_id"] or me["principal"]
            if with_key:
                return Profile(address, str(who), api_key=secret)
            return Profile(address, str(who), **client.tokens)

    with errors_as_sentences():
        made = asyncio.run(sign_in())
        asyncio.run(profiles.keep_in_turn(profile, made))
    if as_json:
        print_json({"profile": profile, "url": address, "who": made.who})
    else:
        say(f"{made.who} is signed in at {address} (profile {profile})")
    now = profiles.chosen()
    if now is None or now[0] != profile:
        how = f"casare-cloud --profile {profile} …, or {profiles.VARIABLE}={profile}"
        note(f"Commands in this folder act by something else; by this profile with {how}.")


def logout(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """End the session of a profile at the service, and forget its tokens.

    Example: casare-cloud logout --profile ci
    """
    from casare_cloud.cli.session import client_by

    name = profiles.name_to_change(profile)
    found = profiles.read_all().get(name)
    if found is None:
        fail(f"There is no profile {name}: casare-cloud profiles shows them.", 2)

    async def end() -> None:
        async with client_by(name, found) as client:
            await client.logout()

    try:
        if found.refresh_token:
            with errors_as_sentences():
                asyncio.run(end())
    finally:  # a session that has ended already, or a service that is gone, keeps nobody from forgetting it
        asyncio.run(profiles.keep_in_turn(name, None))
    if as_json:
        print_json({"profile": name})
    else:
        say(f"profile {name} is forgotten")


def list_profiles(as_json: AsJson = False) -> None:
    """List the services that you are signed in at, and by which profile commands act here. It shows no tokens.

    Example: casare-cloud profiles
    """
    now = profiles.chosen()
    rows = [
        {"profile": name, **{key: asdict(each)[key] for key in ("url", "who")}, "in_use": bool(now and now[0] == name)}
        for name, each in profiles.read_all().items()
    ]
    if as_json:
        print_json({"profiles": rows})
        return
    print_table(
        ("profile", "service", "as", "in use"),
        [[row["profile"], row["url"], row["who"], "yes" if row["in_use"] else "no"] for row in rows],
    )


def _secret(what: str) -> str:
    if is_terminal(sys.stdin):
        return str(typer.prompt(what, hide_input=True, err=True))
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        fail(f"{what}: standard input has none.", 2)
    return secret
