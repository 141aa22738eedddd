"""Does work by node: here, or on the workers of a Dask scheduler.

May import: errors, toolchain.
"""

from edgewise.cluster.work import Each, here, share

__all__ = ["Each", "here", "share"]
