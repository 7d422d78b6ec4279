"""The gateway: every published WebSocket."""
