"""The call path: one operation with its deadline, attempts, backoff and span, sync and async."""
