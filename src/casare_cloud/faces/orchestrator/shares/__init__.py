"""How workflows share the robots of a tenant."""
