"""One way to compare outputs: by field class."""
