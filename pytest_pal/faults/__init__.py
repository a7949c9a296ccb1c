"""Faults: vendors on loopback that fail as told, and the ways to put them in an adapter's path."""
