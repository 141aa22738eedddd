"""From the node's sources, a model and settings to what lies on the board's flash."""

from edgewise.board.build.build import Built, build
from edgewise.board.build.files import Arch, node_code

__all__ = ["Arch", "Built", "build", "node_code"]
