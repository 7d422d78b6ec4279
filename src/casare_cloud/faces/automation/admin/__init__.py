"""The organization, its roles and permissions."""
