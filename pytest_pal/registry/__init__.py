"""What is installed, and which adapter serves which capability."""
