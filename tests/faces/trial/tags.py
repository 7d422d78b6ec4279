"""What the face's groups of operations are about."""

TAGS = {"health": "Probes."}
