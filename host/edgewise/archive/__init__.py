"""Readings and labels as Parquet in an object store or a folder: written, verified, read.

May import: database, errors, logs, toolchain.
"""

from edgewise.archive.address import parse_archive
from edgewise.archive.archive import Archive

__all__ = ["Archive", "parse_archive"]
