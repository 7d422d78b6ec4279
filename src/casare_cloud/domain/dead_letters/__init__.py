"""Jobs that ended badly for good, kept for a person."""
