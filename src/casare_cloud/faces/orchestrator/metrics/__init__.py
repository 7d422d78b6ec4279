"""Figures of the fleet, its robots and its jobs."""
