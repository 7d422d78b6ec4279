"""Whole lists as files."""
