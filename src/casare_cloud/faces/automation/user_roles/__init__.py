"""Which user has which role."""
