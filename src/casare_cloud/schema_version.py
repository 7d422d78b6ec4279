"""The migration that this program was written for. Written by `make migration`: do not edit."""

SCHEMA_VERSION = "20261121083314"
