"""The words of document 004 for permissions: executions, agents and users are jobs, robots and members inside."""

_WORDS = {"jobs": "executions", "robots": "agents", "members": "users"}
_INSIDE = {word: name for name, word in _WORDS.items()}


def shown(code: str) -> str:
    """A permission or wildcard as this face shows it."""
    return _with_resource(code, _WORDS)


def meant(code: str) -> str:
    """What a permission of this face is inside; `:` parts as `.` does, and the words of the core are taken as well."""
    return _with_resource(code.replace(":", ".", 1), _INSIDE)


def _with_resource(code: str, words: dict[str, str]) -> str:
    resource, dot, action = code.partition(".")
    return words.get(resource, resource) + dot + action
