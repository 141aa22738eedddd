"""Build the file system of a board from the node's sources, a model and settings."""

from edgewise.board.filesystem.build import Built, build
from edgewise.board.filesystem.files import Arch, check_model, model_files, node_code

__all__ = ["Arch", "Built", "build", "check_model", "model_files", "node_code"]
