"""How CasareRPA's dashboard asks. It says nothing of itself and names no format, but no other program asks so."""

from typing import Annotated

from fastapi import Depends, Request


def _is_dashboard(request: Request) -> bool:
    """Whether a page's script asks, and says of a request without a body that it is JSON."""
    headers = request.headers
    return headers.get("sec-fetch-dest") == "empty" and headers.get("content-type") == "application/json"


IsDashboard = Annotated[bool, Depends(_is_dashboard)]
