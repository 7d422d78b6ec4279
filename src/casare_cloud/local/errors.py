"""What can go wrong with the embedded stack, told to a person."""


class LocalStackError(Exception):
    """The embedded stack cannot do what it was asked; the message says why and what to do."""
