"""The Python API of document 001: an engine that submits, schedules and counts, over the orchestrator's REST face.

    async with OrchestratorEngine() as engine:
        job = await engine.submit_job(workflow_id="invoices", workflow_name="Invoices", workflow_json=definition)
        print(engine.get_queue_stats())

Its models are in `casare_cloud.engine.models`, its events (document 003) in `casare_cloud.engine.events`.
"""

from casare_cloud.engine.engine import OrchestratorEngine
from casare_cloud.engine.models import JobPriority, ScheduleFrequency

__all__ = ["JobPriority", "OrchestratorEngine", "ScheduleFrequency"]
