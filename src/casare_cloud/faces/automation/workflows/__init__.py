"""Workflows: draft, change, publish, run."""
