"""What a tenant sets about itself, and what its plan allows."""
