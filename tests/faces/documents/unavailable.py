"""What is answered while the database is away."""

from tests.faces.documents.example import ERROR, Example

UNAVAILABLE = [
    Example(
        "000",
        "GET /health/detailed",
        "nobody",
        {
            "status": "degraded",
            "service": "casare-rpa-monitoring",
            "dependencies": {
                "database": {"healthy": False, "pool_size": 0, "pool_free": 0, "error": "Connection refused"}
            },
        },
    ),
    Example("000", "GET /health/ready", "nobody", {"ready": False, "reason": "Database unhealthy"}, 503),
    Example("002", "POST /jobs/660e8400-e29b-41d4-a716-446655440001/cancel", "user", ERROR, 503),
]
