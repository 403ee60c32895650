"""Settings (being built)."""
