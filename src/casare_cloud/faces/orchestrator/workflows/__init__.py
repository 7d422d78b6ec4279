"""Workflows: submit, upload, list, delete."""
