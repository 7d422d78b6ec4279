"""Saying that somebody watches, without which nothing is pushed. Not of the documents."""

from fastapi import APIRouter

from casare_cloud.domain.events import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.watches.shapes import WatchAnswer, WatchBody

router = APIRouter(prefix="/watches", tags=["watches"], route_class=Route)


@router.post("", responses=refusals(404))
async def watch(body: WatchBody, tx: Tx) -> WatchAnswer:
    """Watch the tenant, or one of its jobs, for 60 seconds; say so again every 30.

    Meanwhile `topic` gets, of the tenant, `changed` (something happened after the event with the number `after`: fetch
    it, and look once more after 250 ms, as what happens within them rings nothing) and every five seconds at most
    `overview` (queue and robots); of a job, what happens to it, its progress, its nodes and its log. At most a hundred
    jobs of a tenant at once: 429 TOO_MANY_WATCHES. Needs events.read (the tenant) or jobs.read (a job).
    """
    return WatchAnswer(**await service.watch(tx, body.job_id))
