"""Telemetry: what every operation says of itself, where it goes, and what never leaves."""
