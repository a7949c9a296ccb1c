"""Adapters of real vendors, one module each; a vendor's packages come with the extra of its name."""
