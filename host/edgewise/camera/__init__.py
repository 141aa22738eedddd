"""Labels from a camera: looks at pictures and says occupied or empty, without storing them.

May import: errors, toolchain.
"""

from edgewise.camera.feed import Camera
from edgewise.camera.observer import Observer
from edgewise.camera.occupancy import EMPTY, OCCUPIED, UNKNOWN

__all__ = ["EMPTY", "OCCUPIED", "UNKNOWN", "Camera", "Observer"]
