"""The judge: harnesses, clause families, the runner, and the arithmetic of a verdict."""
