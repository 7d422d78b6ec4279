"""Members of a tenant, their roles, invitations, and the tenant itself."""
