"""API keys: what robots and programs prove themselves with."""
