"""Types of steps."""
