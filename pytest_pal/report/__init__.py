"""What a run came to, for machines and for people."""
