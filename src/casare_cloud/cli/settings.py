"""`casare-cloud settings …`: what the tenant sets about itself, and what its plan allows."""

from difflib import get_close_matches
from typing import Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed
from casare_cloud.cli.output import fail, print_answer, print_json, print_table, say

app = typer.Typer(help="See and change what the tenant sets about itself.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As `settings list` shows it, such as queue.fair_share.", metavar="NAME")]
_WORDS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}

Setting = dict[str, Any]


@app.command("list")
def list_settings(as_json: AsJson = False) -> None:
    """List the settings with their values, defaults and what may be set.

    Example: casare-cloud settings list
    """
    answer = call_client("list_settings")
    if as_json:
        print_json(answer)
        return
    rows = [[row["name"], _shown(row["value"]), _shown(row["default"]), _range_of(row)] for row in answer["settings"]]
    print_table(("setting", "value", "default", "may be"), rows)


@app.command("get")
def get_setting(name: Name, as_json: AsJson = False) -> None:
    """Show a setting: its value, what it means, what may be set.

    Example: casare-cloud settings get queue.fair_share
    """
    setting = _find(name)
    if as_json:
        print_json(setting)
        return
    say(f"{setting['name']} = {_shown(setting['value'])}")
    say(setting["meaning"])
    say(f"May be {_range_of(setting)}; default {_shown(setting['default'])}.")


@app.command("set")
def set_setting(
    name: Name,
    value: Annotated[str, typer.Argument(help="true, false, a whole number, or a word.", metavar="VALUE")],
    is_sure: IsSure = False,
    as_json: AsJson = False,
) -> None:
    """Change a setting. One that shortens how long something is kept asks first: what is older is deleted for good.

    Examples: casare-cloud settings set queue.fair_share true · casare-cloud settings set timezone Europe/Berlin
    """
    setting = _find(name)
    wanted = _value_of(setting, value)
    _ask(setting, wanted, is_sure)
    _change(name, wanted, as_json)


@app.command("reset")
def reset(name: Name, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Set a setting back to its default. It asks as `settings set` does.

    Example: casare-cloud settings reset queue.fair_share
    """
    setting = _find(name)
    _ask(setting, setting["default"], is_sure)
    _change(name, None, as_json)


@app.command("quotas")
def quotas(as_json: AsJson = False) -> None:
    """List what the tenant's plan allows, and how much of it is used.

    Example: casare-cloud settings quotas
    """
    answer = call_client("list_quotas")
    if as_json:
        print_json(answer)
        return
    rows = [[row["name"], f"{row['used']:,}", _shown(row["most"]), row["meaning"]] for row in answer["quotas"]]
    print_table(("quota", "used", "at most", "of what"), rows)


def _find(name: str) -> Setting:
    """A setting by its name; ends the command with names that may be meant when there is none."""
    settings = {row["name"]: row for row in call_client("list_settings")["settings"]}
    if name not in settings:
        near = get_close_matches(name, settings, 3, 0.5) or [other for other in settings if name in other][:3]
        fail(f"{name} is not a setting" + (f"; did you mean {' or '.join(near)}?" if near else "."), 2)
    found: Setting = settings[name]
    return found


def _ask(setting: Setting, wanted: Any, is_sure: bool) -> None:
    """Ask before something is kept for fewer days than now, or no longer until it is exported."""
    name, now = setting["name"], setting["value"]
    if name == "retention.export_before_drop" and (now, wanted) == (True, False):
        confirmed(is_sure, f"{name} is true now: delete old jobs for good although nobody has exported them?")
    elif name.startswith("retention.") and type(wanted) is int and wanted < (now or 0):
        confirmed(is_sure, f"{name} is {now} now: delete what is older than {wanted} days for good?")


def _change(name: str, value: Any, as_json: bool) -> None:
    answer = call_client("update_settings", {name: value})
    changed = next(row for row in answer["settings"] if row["name"] == name)
    print_answer(
        changed, as_json, f"{name} = {_shown(changed['value'])}" + (" (default)" if changed["is_default"] else "")
    )


def _value_of(setting: Setting, text: str) -> Any:
    """What was written as the setting's type; what is no such value goes as it is, and the service says the rule."""
    if setting["type"] == "boolean":
        return _WORDS.get(text.lower(), text)
    if setting["type"] == "integer":
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _range_of(setting: Setting) -> str:
    if not setting["is_changeable"]:
        return "what the plan says"
    if setting["type"] == "boolean":
        return "true or false"
    if setting["choices"]:
        return " or ".join(setting["choices"])
    if setting["type"] == "text":
        return "a text"
    return f"{setting['minimum']} to {setting['maximum']}" + (f" {setting['unit']}" if setting["unit"] else "")


def _shown(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
