"""Jobs that used up their attempts."""
