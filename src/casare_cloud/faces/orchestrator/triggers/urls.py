"""Where the senders of a trigger post to."""

from dataclasses import dataclass

from casare_cloud.domain.triggers.model import Trigger

# Forms of proof whose senders have bodies of their own, without the event_type of document 001.
_BY_PATH = ("github", "stripe", "slack", "zoom", "graph", "standard")


@dataclass(frozen=True, slots=True)
class Urls:
    """The address for senders, and the other route to the same trigger; None: it has no senders."""

    webhook_url: str | None = None
    path_url: str | None = None


def urls_of(trigger: Trigger, webhooks_url: str) -> Urls:
    """Both addresses of a trigger."""
    if trigger.path is None:
        return Urls()
    path_url = f"{webhooks_url}/webhooks{trigger.path}"
    is_by_path = trigger.config.get("auth") in _BY_PATH
    return Urls(path_url if is_by_path else f"{webhooks_url}/webhook/{trigger.trigger_id}", path_url)
