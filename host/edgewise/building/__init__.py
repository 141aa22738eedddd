"""From the node's sources, a model and settings to what lies on the board's flash."""

from edgewise.building.build import Built, build
from edgewise.building.files import Arch, node_code

__all__ = ["Arch", "Built", "build", "node_code"]
