"""A storm: robots and Postgres are killed at random, and every job must end exactly once in effect."""
