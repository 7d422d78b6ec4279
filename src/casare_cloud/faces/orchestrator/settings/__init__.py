"""What a tenant sets about itself."""
