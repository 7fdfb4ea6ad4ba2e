"""Bytes to events: parsing, field mapping and the checks of a single record."""
