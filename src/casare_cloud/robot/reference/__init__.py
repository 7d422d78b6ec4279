"""The reference of all types of nodes and steps, made from what each says of itself where it is implemented."""
