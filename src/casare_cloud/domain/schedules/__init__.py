"""Schedules: rules that enqueue jobs of a workflow at the times of a cron expression."""
