"""Shares: how a tenant's workflows divide its robots, by robot-seconds."""
