"""Scripted stories of what networks do to modules (data files; the catalogue is README.md)."""
