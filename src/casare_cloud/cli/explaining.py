"""How explanations are shown: the sentence, what to do, and the robots one by one."""

from typing import Any

from casare_cloud.cli.output import print_table, say


def print_explanation(answer: dict[str, Any]) -> None:
    """Print why a job or a robot is where it is."""
    say(f"{answer['state']}: {answer['sentence']}")
    say(f"what to do: {answer['next_step']}")
    since = f", since {answer['since']}" if answer.get("since") else ""
    say(f"reason: {answer['reason_code']}{since}")
    if answer.get("position"):
        say(f"jobs ahead: {answer['position']}")
    for note in answer.get("notes", ()):
        say(f"note: {note['sentence']}")
    robots = answer.get("robots")
    if robots:
        say("")
        print_table(("robot", "reason", ""), [[r["external_id"], r["reason_code"], r["sentence"]] for r in robots])
        if answer["robots_total"] > len(robots):
            say(f"and {answer['robots_total'] - len(robots)} more robots")
