"""What every HTTP face does alike: request ids, limits, problems, identity, idempotency, paging."""
