"""Who watches what, so that it is pushed."""
