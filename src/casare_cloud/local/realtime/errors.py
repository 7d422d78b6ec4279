"""Why Realtime refuses: the service's own codes and sentences."""


class RealtimeError(Exception):
    """A refusal. `code` is the service's word for it (None when it gives none), `message` its sentence."""

    def __init__(self, code: str | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def reason(self) -> str:
        """What the reply to a join says."""
        return f"{self.code}: {self.message}" if self.code else self.message


class TokenError(RealtimeError):
    """A token that is not taken. `handshake` is the sentence for a socket that could not be opened with it."""

    def __init__(self, code: str | None, message: str, handshake: str | None = None) -> None:
        super().__init__(code, message)
        self.handshake = handshake or message


def unreadable(topic: str) -> RealtimeError:
    """The caller's policies let them read nothing of a private topic."""
    return RealtimeError("Unauthorized", f"You do not have permissions to read from this Channel topic: {topic}")


def database_unavailable() -> RealtimeError:
    """The database does not answer."""
    return RealtimeError("UnableToConnectToProject", "Realtime was unable to connect to the project database")
