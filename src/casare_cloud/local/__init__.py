"""The embedded stack: Postgres and emulators of the platform's contracts, for development and tests only."""
