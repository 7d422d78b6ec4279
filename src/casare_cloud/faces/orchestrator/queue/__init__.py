"""The queue as a whole: for what reasons jobs wait."""
