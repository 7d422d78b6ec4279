"""Measurements, each beside a baseline in the same run: `make bench`. Machines are noisy; read the ratios."""
