"""The words of document 000 for who a caller is."""

# A role and the built-in roles that it includes, as GET /auth/me shows them.
_IMPLIED_ROLES = {
    "admin": ("admin", "developer", "operator", "viewer"),
    "developer": ("developer", "operator", "viewer"),
    "operator": ("operator", "viewer"),
}


def with_implied_roles(roles: list[str]) -> list[str]:
    """The roles and those that they include, without repeats, the strongest first."""
    return list(dict.fromkeys(name for role in roles for name in _IMPLIED_ROLES.get(role, (role,))))
