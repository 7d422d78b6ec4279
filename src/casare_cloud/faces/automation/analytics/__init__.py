"""Figures of executions and workflows."""
