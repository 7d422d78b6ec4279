"""The robot protocol of document 001, over WebSockets."""
