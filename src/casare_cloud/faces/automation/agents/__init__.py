"""Agents, and the tasks that they take."""
