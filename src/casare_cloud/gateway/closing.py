"""Why the gateway closes a socket. Every close comes after the accept: a browser sees no code otherwise."""

from casare_cloud.errors import ApiError

NORMAL = 1000
BROKEN_RULE = 1008  # of the connection itself
TOO_LARGE = 1009
BROKEN = 1011
BAD_PARAMETER = 4400
UNAUTHENTICATED = 4001
FOREIGN = 4003
UNKNOWN_PATH = 4004
TOO_SLOW = 4008
REPLACED = 4009  # by a newer socket of the same robot
UNAVAILABLE = 4503

_REASON_BYTES = 123  # that a close frame has room for (RFC 6455 §5.5)
_CODES = {400: BAD_PARAMETER, 401: UNAUTHENTICATED, 403: FOREIGN, 404: FOREIGN}


class SocketClosed(Exception):
    """The socket is closed, or the client has gone: nothing can be read from it any more."""


def code_of(error: ApiError) -> int:
    """The code with which a socket is closed for a refusal: what is foreign and what does not exist are one."""
    return _CODES.get(error.status, UNAVAILABLE)


def shortened(reason: str) -> str:
    """As much of the reason as a close frame has room for."""
    return reason.encode()[:_REASON_BYTES].decode("utf-8", "ignore")
