"""What a tenant sets about itself, and what its plan allows. Not of the documents."""

from fastapi import APIRouter

from casare_cloud.database import Transaction
from casare_cloud.domain.members.service import get_tenant
from casare_cloud.domain.settings import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.settings.shapes import (
    QuotaAnswer,
    QuotaList,
    SettingAnswer,
    SettingList,
    SettingsChange,
)

router = APIRouter(prefix="/settings", tags=["settings"], route_class=Route)


@router.get("", responses=refusals())
async def list_settings(tx: Tx) -> SettingList:
    """List the settings, each with its value, default, range and meaning. Needs settings.read."""
    return await _all(tx)


@router.patch("", responses=refusals())
async def update_settings(body: SettingsChange, tx: Tx) -> SettingList:
    """Change settings by their names, all or none; null sets one back. 400 UNKNOWN_SETTING, 403 SETTING_OF_THE_PLAN.

    Needs settings.write and settings.read.
    """
    await service.change(tx, body.settings)
    return await _all(tx)


@router.get("/quotas", responses=refusals())
async def list_quotas(tx: Tx) -> QuotaList:
    """What the plan allows of jobs that wait, triggers and the like, and how much is used. Needs settings.read."""
    plan = (await get_tenant(tx)).plan
    quotas = [QuotaAnswer.model_validate(item) for item in await service.list_quotas(tx)]
    return QuotaList(plan=plan, quotas=quotas)


async def _all(tx: Transaction) -> SettingList:
    tenant = await get_tenant(tx)
    settings = [SettingAnswer.of(item) for item in await service.list_all(tx)]
    return SettingList(tenant_id=tenant.tenant_id, plan=tenant.plan, settings=settings)
