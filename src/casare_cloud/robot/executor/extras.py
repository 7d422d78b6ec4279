"""What a robot can do only where an optional part of this package is installed: capabilities that it advertises."""

from importlib.util import find_spec

EXTRAS = {"browser": "playwright", "pdf": "pypdf"}
"""The capability, which is the name of the extra too, and the library that it brings."""


def is_installed(capability: str) -> bool:
    return find_spec(EXTRAS[capability]) is not None


def capabilities() -> list[str]:
    """What this installation can do besides what every robot can."""
    return [capability for capability in EXTRAS if is_installed(capability)]


def lacking(capability: str) -> str:
    """How to install what a node needs; empty when it is there, or nothing is needed."""
    if not capability or is_installed(capability):
        return ""
    return f"pip install 'casare-cloud[{capability}]'"
