"""Twins: the mock of a capability behind a loopback vendor with the identity mapping, and the client of it.

The mapping: ``POST /<operation>`` with the arguments as a JSON object, ``Authorization: Bearer <secret>``,
``Idempotency-Key`` where the operation takes one; 200 with the output as JSON; an error is any other status
with ``{"error": {"code", "message", "outcome_unknown", "retry_after", "details"}}``, each member optional.
"""
