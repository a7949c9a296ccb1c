"""Harnesses of the real adapters: how the kit stands between them and their vendors."""
