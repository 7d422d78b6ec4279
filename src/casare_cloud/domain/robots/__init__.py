"""Robots: the programs that claim and run jobs."""
