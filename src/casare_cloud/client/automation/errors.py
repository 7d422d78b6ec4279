"""What the service says instead of doing what it was asked: one class for each kind of refusal."""

from casare_cloud import error_codes
from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable


class AutomationError(ApiError):
    """A refusal: `status`, `code` (a stable word), `message` (one sentence for people), `headers`, and a `hint`."""

    @property
    def hint(self) -> str | None:
        """What to do about it, in a sentence or two; None for a code that this version does not know."""
        entry = error_codes.find(self.code)
        return None if entry is None else entry.next_step


class WrongState(AutomationError):
    """400: the state of what is named does not allow it."""


class NotSignedIn(AutomationError):
    """401: no valid token or key."""


class NotAllowed(AutomationError):
    """403: the caller may not do this."""


class NotThere(AutomationError):
    """404: there is no such thing, or it is another organization's."""


class AlreadyThere(AutomationError):
    """409: it is there already, or was changed meanwhile."""


class InvalidInput(AutomationError):
    """422: the request breaks a rule; `message` names the field and the rule."""


class TooOften(AutomationError):
    """429: too many requests, also after several tries; `headers["retry-after"]` has the seconds to wait."""


class ComesLater(AutomationError):
    """501: the path is right, and what it does is not there yet."""


class ServiceDown(AutomationError):
    """The service did not answer, or is at fault, also after several tries."""


_KINDS: dict[int, type[AutomationError]] = {
    400: WrongState,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotThere,
    409: AlreadyThere,
    422: InvalidInput,
    429: TooOften,
    501: ComesLater,
}


def typed(error: ApiError) -> AutomationError:
    """The same refusal as one of these classes."""
    is_down = isinstance(error, Unreachable) or (error.status >= 500 and error.status != 501)
    kind = ServiceDown if is_down else _KINDS.get(error.status, AutomationError)
    return kind(error.status, error.code, error.message, error.headers)
