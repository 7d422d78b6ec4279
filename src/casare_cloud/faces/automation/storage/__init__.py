"""What is behind the card of a workflow: its newest execution, its schedules, its results."""
