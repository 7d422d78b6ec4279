"""Names that people give: of a robot, a workflow or a pool, which each have an id as well."""

from uuid import UUID


def uuid_of(name: str) -> UUID | None:
    """The id that a text is; None when it can only be a name."""
    try:
        return UUID(name) if len(name) == 36 else None
    except ValueError:
        return None
