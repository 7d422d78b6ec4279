"""Finds the stored workflow that a program means, and stores the one that it brings."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from casare_cloud.client import Client
from casare_cloud.errors import ApiError, InvalidArgument, NotFound

EXTERNAL_ID = "external_id"
"""The key in a workflow's metadata under which the id stands that another system has for it."""


def read_definition(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """A definition, or the JSON text of one. Raises `InvalidArgument`."""
    try:
        definition = json.loads(given) if isinstance(given, str) else dict(given)
    except ValueError as error:
        raise InvalidArgument(f"workflow_json: is not JSON: {error}.") from error
    if not isinstance(definition, dict):
        raise InvalidArgument("workflow_json: must be an object.")
    return definition


class StoredWorkflows:
    """Workflows by the ids that programs use: the orchestrator's own, or any text, which is kept beside the name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str], tuple[str, str]] = {}  # id and name → the orchestrator's id, what it holds

    async def store(self, external_id: str, name: str, definition: Mapping[str, Any]) -> str:
        """The orchestrator's id of this workflow, whose current version is this definition afterwards.

        One that is stored already is found by its id, or by its name and the id that it was stored with. Nothing is
        published when the definition is the current one.
        """
        digest = _digest(definition)
        if self._known.get((external_id, name), ("", ""))[1] == digest:
            return self._known[external_id, name][0]
        found = await self._find(external_id, name)
        if found is None or found["workflow_json"] != definition:
            options: dict[str, Any] = (
                {"metadata": {EXTERNAL_ID: external_id}} if found is None else {"workflow_id": found["workflow_id"]}
            )
            found = await self._client.submit_workflow(name, definition, run=False, **options)
        self._known[external_id, name] = (found["workflow_id"], digest)
        return str(found["workflow_id"])

    async def id_of(self, external_id: str, name: str) -> str:
        """The orchestrator's id of a workflow that is stored; 404 WORKFLOW_NOT_FOUND."""
        found = await self._find(external_id, name)
        if found is None:
            message = f"No workflow is stored with the id {external_id} or, under this id, the name {name}."
            raise NotFound("WORKFLOW_NOT_FOUND", message)
        return str(found["workflow_id"])

    def forget(self, external_id: str, name: str) -> bool:
        """Look again next time; false when there is nothing to forget."""
        return self._known.pop((external_id, name), None) is not None

    async def _find(self, external_id: str, name: str) -> dict[str, Any] | None:
        try:
            return await self._client.get_workflow(str(UUID(external_id)))
        except ValueError:
            pass
        except ApiError as error:
            if error.status != 404:
                raise
        async for row in self._client.iterate(self._client.list_workflows, search=name):
            if row["workflow_name"] == name and row["metadata"].get(EXTERNAL_ID) == external_id:
                return await self._client.get_workflow(row["workflow_id"])
        return None


def _digest(definition: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
