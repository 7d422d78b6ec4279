"""The words of document 004 for permissions: executions, agents and users are jobs, robots and members inside."""

import re

_WORDS = {"jobs": "executions", "robots": "agents", "members": "users"}
_INSIDE = {word: name for name, word in _WORDS.items()}


def shown(code: str) -> str:
    """A permission or wildcard as this face shows it."""
    return _with_resource(code, _WORDS)


def meant(code: str) -> str:
    """What a permission of this face is inside; `:` parts as `.` does, and the words of the core are taken as well."""
    return _with_resource(code.replace(":", ".", 1), _INSIDE)


def in_sentence(sentence: str) -> str:
    """A refusal that names a permission, in the words of this face."""
    return re.sub(r"\b(jobs|robots|members)\.[a-z_*]+", lambda found: shown(found[0]), sentence)


def _with_resource(code: str, words: dict[str, str]) -> str:
    resource, dot, action = code.partition(".")
    return words.get(resource, resource) + dot + action
