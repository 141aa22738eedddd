# The socket module of the node: port 53 is that of the simulated name server.
import os

import usocket
from usocket import *

_DNS = os.getenv("EDGEWISE_SIM_DNS")


def getaddrinfo(host, port, *more):
    return usocket.getaddrinfo(host, int(_DNS) if port == 53 and _DNS else port, *more)
