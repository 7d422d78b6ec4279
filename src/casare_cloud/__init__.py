"""A multi-tenant cloud backend for fleets of software robots."""

__version__ = "0.1.0"
