"""Who is asked to join a tenant."""
