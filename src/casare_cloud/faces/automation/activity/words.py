"""The words of document 004 for what was done, with the sentence, icon and colour that its client shows."""

from dataclasses import dataclass
from typing import Literal

Color = Literal["emerald", "red", "blue", "amber", "slate"]


@dataclass(frozen=True, slots=True)
class Word:
    """An action of the timeline: its name, the kind of thing, the sentence without the name, how it looks."""

    action: str
    sentence: str
    icon: str
    color: Color

    @property
    def resource_type(self) -> str:
        """What it was done to."""
        return self.action.split(".")[0]


# What the domain calls it → how it is shown. Logins, credentials and agents' keys are not in the log.
WORDS: dict[str, Word] = {
    "workflows.created": Word("workflow.created", "Workflow created", "GitBranch", "blue"),
    "workflows.updated": Word("workflow.updated", "Workflow updated", "Edit3", "slate"),
    "workflows.published": Word("workflow.published", "Workflow published", "Globe", "emerald"),
    "workflows.archived": Word("workflow.archived", "Workflow archived", "Archive", "amber"),
    "workflows.deleted": Word("workflow.deleted", "Workflow deleted", "Trash2", "red"),
    "job.started": Word("execution.started", "Execution started", "Play", "blue"),
    "job.completed": Word("execution.completed", "Execution completed", "CheckCircle2", "emerald"),
    "job.failed": Word("execution.failed", "Execution failed", "XCircle", "red"),
    "job.timeout": Word("execution.failed", "Execution timed out", "XCircle", "red"),
    "job.cancelled": Word("execution.cancelled", "Execution cancelled", "Ban", "amber"),
    "robots.created": Word("agent.registered", "Agent registered", "Server", "blue"),
    "robot.online": Word("agent.connected", "Agent connected", "Wifi", "emerald"),
    "robot.offline": Word("agent.disconnected", "Agent disconnected", "WifiOff", "red"),
    "memberships.created": Word("user.register", "User joined", "UserPlus", "blue"),
    "schedules.created": Word("schedule.created", "Schedule created", "CalendarClock", "blue"),
    "schedules.updated": Word("schedule.updated", "Schedule updated", "CalendarClock", "slate"),
    "roles.created": Word("role.created", "Role created", "Key", "blue"),
    "roles.deleted": Word("role.deleted", "Role deleted", "Key", "red"),
}


def kinds_of(action: str | None) -> list[str]:
    """What an action is in the domain; without one, everything that has a word. A word that means nothing: nothing."""
    return [kind for kind, word in WORDS.items() if action in (None, word.action)]
