"""What the examples of the orchestrator's shapes have in common; each resource has its own module."""

from casare_cloud.faces.kit.examples import Example

WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
JOB_ID = "660e8400-e29b-41d4-a716-446655440001"
ROBOT_ID = "770e8400-e29b-41d4-a716-446655440002"
USER_ID = "880e8400-e29b-41d4-a716-446655440003"
TENANT_ID = "990e8400-e29b-41d4-a716-446655440004"
ROLE_ID = "00000000-0000-7000-8000-000000000002"
EARLIER = "2025-12-01T10:00:00Z"
NOW = "2025-12-01T10:30:00Z"
PAGE = {"total": 1, "limit": 100, "offset": 0}

GRAPH: Example = {
    "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
    "connections": [],
}
