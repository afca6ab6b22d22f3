"""Embedding-table sharding (section 5.1): tables to devices, so that the slowest device is fast."""
