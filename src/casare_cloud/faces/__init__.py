"""Public APIs over the domain: each holds paths, shapes, status words and error envelopes, and no rules."""
