"""Paging, in the styles of the faces: `limit` and `offset`; `page` and `per_page`; a number to go on after."""

from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

_MOST_ROWS = 2**31 - 1


class Page(BaseModel):
    """Which rows of a list are wanted."""

    limit: int
    offset: int

    def facts(self, total: int) -> dict[str, int]:
        """What an answer says of its page, where the shape has it."""
        return {"total": total, "limit": self.limit, "offset": self.offset}


class NumberedPage(Page):
    """Which rows of a list are wanted, by the number of the page."""

    page: int

    def facts(self, total: int) -> dict[str, int]:
        return {"total": total, "page": self.page, "per_page": self.limit, "pages": -(-total // self.limit)}


class After(BaseModel):
    """The rows after a number, that of the last row that was read."""

    after: int
    limit: int


def page(default: int, most: int) -> Any:
    """`Annotated[Page, page(100, 500)]`: `limit` 1 to `most` (default `default`), `offset` from 0."""

    async def read(
        limit: Annotated[int, Query(ge=1, le=most)] = default,
        offset: Annotated[int, Query(ge=0, le=_MOST_ROWS)] = 0,
    ) -> Page:
        return Page(limit=limit, offset=offset)

    return Depends(read)


def numbered_page(default: int = 20, most: int = 100) -> Any:
    """`Annotated[NumberedPage, numbered_page()]`: `page` from 1, `per_page` 1 to `most` (default `default`)."""

    async def read(
        page: Annotated[int, Query(ge=1, le=_MOST_ROWS // most)] = 1,
        per_page: Annotated[int, Query(ge=1, le=most)] = default,
    ) -> NumberedPage:
        return NumberedPage(limit=per_page, offset=(page - 1) * per_page, page=page)

    return Depends(read)


def after(default: int, most: int, description: str) -> Any:
    """`Annotated[After, after(100, 1000, …)]`: `after` from 0, which is the start, and `limit` 1 to `most`."""

    async def read(
        after: Annotated[int, Query(ge=0, le=2**63 - 1, description=description)] = 0,
        limit: Annotated[int, Query(ge=1, le=most)] = default,
    ) -> After:
        return After(after=after, limit=limit)

    return Depends(read)
