"""Requests themselves: how many a caller may make, and what a repeated one is answered."""
