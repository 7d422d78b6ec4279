"""Metrics: how the fleet does now, how jobs ended, and what happened lately."""
