"""What members may do."""
