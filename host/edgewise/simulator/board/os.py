# The os module of the node: the world decides how long the flash takes.
from edgewise_sim import world
from uos import *

sync = world.sync
