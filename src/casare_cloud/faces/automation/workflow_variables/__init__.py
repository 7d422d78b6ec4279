"""Variables of workflows."""
