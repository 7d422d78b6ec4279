"""Finished jobs that somebody wants deleted now."""
