"""Fixtures: stores to archive to."""

from tests.archive.stores import archive_url, azurite, moto, s3

__all__ = ["archive_url", "azurite", "moto", "s3"]
