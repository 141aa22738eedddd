"""What nodes say goes into the database, by whichever way it comes."""

from edgewise.collecting.collector import Collector
from edgewise.collecting.writer import Writer

__all__ = ["Collector", "Writer"]
