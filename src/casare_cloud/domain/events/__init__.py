"""Events: what happened, in a sequence per tenant that a client can resume from."""
