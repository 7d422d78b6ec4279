"""Executions: the runs of workflows."""
