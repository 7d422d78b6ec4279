"""Limits: how many jobs of a tenant, a workflow or a concurrency key robots may hold at once."""
