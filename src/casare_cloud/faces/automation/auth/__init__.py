"""Registration, login, sessions and passwords of people."""
