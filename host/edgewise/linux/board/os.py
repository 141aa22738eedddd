# mypy: ignore-errors
# ruff: noqa: F403
# The os module of the node: a new name is on the disk.
import uos
from files import sync_folder
from uos import *


def rename(old, new):
    uos.rename(old, new)
    sync_folder(new)
