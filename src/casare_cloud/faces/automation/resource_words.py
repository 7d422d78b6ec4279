"""What document 004 calls the things that the audit log tells of, which are tables inside."""

WORDS: dict[str, str] = {
    "api_keys": "api_key",
    "calendar_blackouts": "calendar",
    "calendars": "calendar",
    "invitations": "invitation",
    "limits": "limit",
    "member_roles": "user_role",
    "memberships": "user",
    "pool_members": "pool",
    "pools": "pool",
    "robots": "agent",
    "role_permissions": "role",
    "roles": "role",
    "schedules": "schedule",
    "shares": "share",
    "tenants": "organization",
    "trigger_secrets": "trigger",
    "triggers": "trigger",
    "workflow_versions": "workflow",
    "workflows": "workflow",
}


def shown(table: str) -> str:
    """A table as this face calls what is in it."""
    return WORDS.get(table, table)


def tables_of(word: str) -> list[str]:
    """The tables that are meant by a word; none for a word that means nothing here."""
    return [table for table, said in WORDS.items() if said == word]


def tables_with(part: str) -> list[str]:
    """The tables whose words have this part in them."""
    return [table for table, said in WORDS.items() if part.lower() in said]
