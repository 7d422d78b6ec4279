"""Workflows: what automations are, in versions."""
