"""All commands, by group. Each group's module is imported when one of its commands is called."""

import os
from typing import Annotated

import typer

from casare_cloud import __version__
from casare_cloud.cli import (
    audit,
    calendars,
    completing,
    db,
    dead_letters,
    doctor,
    error_help,
    importing,
    jobs,
    keys,
    limits,
    login,
    members,
    metrics,
    nodes,
    pools,
    profiles,
    purging,
    robot,
    roles,
    schedules,
    settings,
    stack,
    stack_logs,
    top,
    triggers,
    whoami,
    workflows,
)
from casare_cloud.cli.output import errors_as_sentences, say
from casare_cloud.env_file import find_env_file

app = typer.Typer(
    name="casare-cloud",
    help="A cloud backend for fleets of software robots. Start with `casare-cloud up`, then `casare-cloud demo`.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(workflows.app, name="workflows")
app.add_typer(schedules.app, name="schedules")
app.add_typer(triggers.app, name="triggers")
app.add_typer(calendars.app, name="calendars")
app.add_typer(robot.app, name="robot")
app.add_typer(pools.app, name="pools")
app.add_typer(limits.app, name="limits")
app.add_typer(limits.shares, name="shares")
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(members.app, name="members")
app.add_typer(roles.app, name="roles")
app.add_typer(settings.app, name="settings")
app.add_typer(metrics.app, name="metrics")
app.add_typer(stack_logs.app, name="stack")
app.add_typer(importing.app, name="import")
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("doctor")(doctor.doctor)
app.command("dashboard")(stack.dashboard)
app.command("top")(top.top)
app.command("demo")(stack.demo)
app.command("nodes")(nodes.nodes)
app.command("whoami")(whoami.whoami)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("profiles")(login.list_profiles)
app.command("completion")(completing.completion)
app.command("tenants")(whoami.tenants)
app.command("audit")(audit.audit)
app.command("purge")(purging.purge)
app.command("help")(error_help.explain_code)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Act by this profile of `casare-cloud login`. Default: CASARE_PROFILE."),
    ] = None,
) -> None:
    if profile:
        os.environ[profiles.VARIABLE] = profile
    with errors_as_sentences():
        find_env_file()  # a stack that somebody else has put here is used by no command
