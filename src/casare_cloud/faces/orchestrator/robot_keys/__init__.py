"""Keys of robots."""
