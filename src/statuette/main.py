"""Joins ports to plugs (being built)."""
