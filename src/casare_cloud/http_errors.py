"""What a service answers instead of doing what it was asked: an `ApiError` of a class for each kind of refusal.

Programs catch the class (`except NotThere`) or look at `code`; `hint` says to a person what to do about it.
"""

from casare_cloud import error_codes
from casare_cloud.errors import ApiError


class Refused(ApiError):
    """A refusal: `status`, `code` (a stable word), `message` (one sentence for people), `headers`, and a `hint`."""

    said_hint: str | None = None
    """What the answer itself had as its hint, as the Data API's have."""

    @property
    def hint(self) -> str | None:
        """What to do about it, in a sentence or two; None for a code that this version does not know."""
        entry = error_codes.find(self.code)
        return self.said_hint if entry is None else entry.next_step


class InvalidInput(Refused):
    """400, 413, 422: the request breaks a rule; `message` names the field and the rule, `details` each of several."""


class NotSignedIn(Refused):
    """401: no valid token or key."""


class NotAllowed(Refused):
    """403: the caller may not do this."""


class NotThere(Refused):
    """404: there is no such thing, or it is another tenant's."""


class Conflicting(Refused):
    """409: the state of what is named does not allow it, or it was changed meanwhile."""


class TooOften(Refused):
    """429: too many requests, also after several tries; `headers["retry-after"]` has the seconds to wait."""


class ServiceAtFault(Refused):
    """5xx: the service answered that it cannot, also after several tries."""


_KINDS: dict[int, type[Refused]] = {
    400: InvalidInput,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotThere,
    409: Conflicting,
    413: InvalidInput,
    422: InvalidInput,
    429: TooOften,
}


def kind_of(status: int) -> type[Refused]:
    """The class of an answer with this status."""
    return ServiceAtFault if status >= 500 else _KINDS.get(status, Refused)
