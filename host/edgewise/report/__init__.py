"""The report of a training: the evidence in the package, and a page that shows it.

May import: features, package, training, unusual.
"""

from edgewise.report.evidence import evidence
from edgewise.report.page import render

__all__ = ["evidence", "render"]
