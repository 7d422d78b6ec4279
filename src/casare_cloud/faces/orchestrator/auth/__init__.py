"""Registration, login and sessions of people."""
