"""Its one resource."""

from typing import Annotated, Any

from fastapi import APIRouter
from tests.faces.trial.refusals import REFUSALS

from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.fields import Integer, Name
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body

router = APIRouter(prefix="/events", route_class=Route)


class CrateBody(Body):
    name: Name
    weight: Integer = 1


class CrateAnswer(Answer):
    name: str
    seal: str | None
    config: dict[str, Any]
    parts: list[dict[str, Any]]


@router.get("", responses=REFUSALS.of())
async def list_crates(page: Annotated[NumberedPage, numbered_page()], tx: Tx) -> dict[str, Any]:
    caller = await tx.fetch_value("select public.whoami()")
    return {"crates": [page.offset], "caller": caller["principal"], **page.facts(41)}


@router.post("", status_code=201, **REFUSALS.idempotent())
@shown_once("seal", "config.secret", "parts.token")
async def pack(body: CrateBody) -> CrateAnswer:
    parts = [{"token": f"secret-part-{number}", "n": number} for number in range(2)]
    return CrateAnswer(
        name=body.name, seal="secret-seal", config={"secret": "secret-config", "path": "/p"}, parts=parts
    )


@router.post("/other", responses=REFUSALS.of())
async def take_another_token() -> None:
    raise InvalidArgument("refresh_token: is not a refresh token.", code="INVALID_TOKEN_TYPE")
