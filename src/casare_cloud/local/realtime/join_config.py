"""What a client asks for when it joins. What it says wrongly counts as not said, as with the service."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from .wire import Json


@dataclass(frozen=True, slots=True)
class JoinConfig:
    """The `config` of phx_join."""

    is_private: bool = False
    ack: bool = False
    hears_itself: bool = False
    wants_replication_ready: bool = False
    wants_presence: bool = False
    presence_key: str = ""
    replay: Any = None
    """`{since, limit}` as sent; checked where it is used. None: not asked for."""
    access_token: str | None = None
    postgres_changes: list[Json] = field(default_factory=list)

    @staticmethod
    def read(payload: Json) -> "JoinConfig":
        """Read the payload of phx_join."""
        config = _object(payload.get("config"))
        broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
        key = presence.get("key")
        changes = config.get("postgres_changes")
        return JoinConfig(
            is_private=_boolean(config.get("private")),
            ack=_boolean(broadcast.get("ack")),
            hears_itself=_boolean(broadcast.get("self")),
            wants_replication_ready=_boolean(broadcast.get("replication_ready")),
            wants_presence=_boolean(presence.get("enabled")),
            presence_key=str(uuid.uuid1()) if key in (None, "") else str(key),
            replay=broadcast.get("replay"),
            access_token=_token(payload),
            postgres_changes=[change for change in changes if isinstance(change, dict)]
            if isinstance(changes, list)
            else [],
        )


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _boolean(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _token(payload: Json) -> str | None:
    """The channel's own token; None when the socket's is meant."""
    access_token, user_token = payload.get("access_token"), payload.get("user_token")
    first = access_token or user_token
    if isinstance(first, str) and first.startswith("sb_"):
        return None
    return next((token for token in (user_token, access_token) if isinstance(token, str)), None)
