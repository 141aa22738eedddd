# The world of the modules that a simulated node shares with one on Linux.
from edgewise_sim import world
