"""Jobs: submit, list, show, cancel, retry."""
