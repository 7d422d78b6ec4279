"""Triggers: outside events that enqueue jobs of a workflow."""
