"""Recorded traces of the seven mocks: one folder per capability, one file per scenario."""
