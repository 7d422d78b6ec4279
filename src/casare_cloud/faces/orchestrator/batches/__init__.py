"""Many jobs in one request."""
