# The node's os module: how long the flash takes is the world's affair.
from edgewise_sim import world
from uos import *

sync = world.sync
