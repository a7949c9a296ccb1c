"""Proof of the judge: wrong adapters that must be failed, unusual ones that must pass, and the kill matrix."""
