"""The queue as a whole (api-decisions#explanations)."""

from fastapi import APIRouter

from casare_cloud.domain.jobs import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.queue.shapes import WaitingReasons
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/queue", tags=["jobs"], route_class=Route)


@router.get("/reasons", responses=refusals())
async def list_waiting_reasons(tx: Tx) -> WaitingReasons:
    """How many jobs wait for which reason, the most frequent first, in the words of `GET /jobs/{job_id}/explain`.

    From the predicates that the claim itself uses, asked once for each demand on robots and not for each job. Counted
    are 20,000 jobs that wait for a robot, each kind of demand its fair part of them, and 1,000 that wait for a time.
    Needs jobs.read.
    """
    return WaitingReasons.model_validate(await service.list_waiting_reasons(tx))
