"""Small mechanisms that mocks, adapters and the run-time share."""
