"""API keys of a tenant: shapes of keys, shared with the keys of robots."""
