"""The sockets that people watch: a module for each published spelling."""
