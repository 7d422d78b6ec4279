"""Paging of the orchestrator face: `limit` and `offset` in the query, `total` in the answer."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel


class Page(BaseModel):
    """Which rows of a list are wanted."""

    limit: int
    offset: int


def page(default: int, most: int) -> object:
    """`Annotated[Page, page(100, 500)]`: `limit` 1 to `most` (default `default`), `offset` from 0."""

    def read(
        limit: Annotated[int, Query(ge=1, le=most)] = default,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Page:
        return Page(limit=limit, offset=offset)

    return Depends(read)
