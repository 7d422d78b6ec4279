"""Business calendars: when a tenant works, for schedules to heed."""
