"""Pools: robots of one tenant that run jobs of others, in turn."""
