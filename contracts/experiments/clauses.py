"""What experiments promise beyond the general families."""
