"""The face of senders: the webhook API of document 001, and the receive route of document 004."""
