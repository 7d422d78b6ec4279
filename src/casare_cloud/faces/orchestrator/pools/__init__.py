"""Pools of robots and what they are divided by."""
