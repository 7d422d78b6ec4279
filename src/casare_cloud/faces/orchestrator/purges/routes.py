"""Delete finished jobs before their time is over. Not of the documents."""

from dataclasses import asdict

from fastapi import APIRouter

from casare_cloud.domain.settings import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.purges.shapes import PurgeAnswer, PurgeBody
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/purges", tags=["settings"], route_class=Route)


@router.post("", responses=refusals())
async def purge_jobs(body: PurgeBody, tx: Tx) -> PurgeAnswer:
    """Count finished jobs, or with `dry_run` false delete them for good, a page at a time. Needs jobs.purge."""
    done = await service.purge_jobs(
        tx, body.status, body.finished_before, body.workflow_id, body.limit, body.after, body.dry_run
    )
    return PurgeAnswer(dry_run=body.dry_run, **asdict(done))
