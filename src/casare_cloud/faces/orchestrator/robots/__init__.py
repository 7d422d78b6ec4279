"""Robots: register, list, heartbeat, commands."""
