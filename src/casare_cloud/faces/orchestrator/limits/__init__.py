"""Limits of what robots run at once."""
