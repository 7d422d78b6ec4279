"""Health probes."""

from tests.faces.documents.example import Example

HEALTH: list[Example] = [
    Example("000", f"GET {path}", "nobody", answer, base=base)
    for base in ("", "/api/v1")
    for path, answer in (
        ("/health", {"status": "healthy", "service": "casare-rpa-monitoring"}),
        (
            "/health/detailed",
            {
                "status": "healthy",
                "service": "casare-rpa-monitoring",
                "dependencies": {"database": {"healthy": True, "pool_size": 10, "pool_free": 8, "error": None}},
            },
        ),
        ("/health/ready", {"ready": True}),
        ("/health/live", {"alive": True}),
    )
]
