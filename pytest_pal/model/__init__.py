"""The nouns of pytest-pal: payloads, operations, capabilities, clauses, and what a clause sees."""
