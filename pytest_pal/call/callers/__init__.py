"""What callers of each capability hold, and what its async adapters are, as Protocols for type checkers."""
