"""What happened in a tenant, in its sequence."""
