"""What document 004 names and this service does not do yet."""
