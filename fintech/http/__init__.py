"""What every endpoint shares: problems, strict bodies, idempotency keys, pages, throttles, request ids."""
