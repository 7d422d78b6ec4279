"""Finds the stored workflow that a program means, and stores the one that it brings."""

import hashlib
import json
from collections.abc import Callable, Mapping
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
    """Workflows by the ids that programs use: the orchestrator's own, or any text, which is kept in their metadata."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[str, str]] = {}  # by the program's id: the orchestrator's id, and what it holds

    async def store(self, external_id: str, name: str, definition: Mapping[str, Any]) -> str:
        """The orchestrator's id of this workflow, whose name and current version these are afterwards.

        Nothing is published when they are so already.
        """
        digest = _digest([name, definition])
        known = self._known.get(external_id)
        if known is not None and known[1] == digest:
            return known[0]
        found = await self._find(external_id, name)
        if found is None or (found["workflow_name"], found["workflow_json"]) != (name, definition):
            options: dict[str, Any] = (
                {"metadata": {EXTERNAL_ID: external_id}} if found is None else {"workflow_id": found["workflow_id"]}
            )
            found = await self._client.submit_workflow(name, definition, run=False, **options)
        self._known[external_id] = (found["workflow_id"], digest)
        return str(found["workflow_id"])

    async def id_of(self, external_id: str, name: str) -> str:
        """The orchestrator's id of a stored workflow: by its id, or by its name in the place of one; 404
        WORKFLOW_NOT_FOUND."""
        found = await self._find(external_id, name) or await self._search(lambda row: row["workflow_name"], external_id)
        if found is None:
            raise NotFound("WORKFLOW_NOT_FOUND", f"No workflow is stored whose id or name is {external_id}.")
        return str(found["workflow_id"])

    def forget(self, external_id: str) -> bool:
        """Look again next time; false when there is nothing to forget."""
        return self._known.pop(external_id, None) is not None

    async def _find(self, external_id: str, name: str) -> dict[str, Any] | None:
        try:
            return await self._client.get_workflow(str(UUID(external_id)))
        except ValueError:
            pass
        except ApiError as error:
            if error.status != 404:
                raise
        # Most have the name that is said; only one that has another is looked for among all.
        for text in (name, None):
            if found := await self._search(lambda row: row["metadata"].get(EXTERNAL_ID), external_id, text):
                return found
        return None

    async def _search(
        self, value_of: Callable[[dict[str, Any]], Any], wanted: str, text: str | None = None
    ) -> dict[str, Any] | None:
        async for row in self._client.iterate(self._client.list_workflows, search=text, limit=500):
            if value_of(row) == wanted:
                return await self._client.get_workflow(row["workflow_id"])
        return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
