"""Shared pools of robots and their members."""
