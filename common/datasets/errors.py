"""What can go wrong between a registry entry and its arrays."""

from common.errors import RepriseError


class DatasetError(RepriseError):
    """A dataset cannot be had or is damaged; says what was tried and what a person can do."""


class SourceError(Exception):
    """One source failed, for the stated reason; the next one is tried."""
