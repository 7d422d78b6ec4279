"""What a user wants to be told of."""
