"""How the table of a model is walked."""

from . import walk_plain
from .compat import const

# Where each start makes one prediction: below so many nodes a prediction, native code takes longer
# to load (10 ms on an ESP32, inline code of the default model 54 ms) than it saves (19 us a node).
_VISITS = const(500)


def walker(visits=None):
    # -> how the table is walked, votes(). Native code where there is some. visits: nodes of a
    # prediction, where each start makes one.
    plain = ("python-table", walk_plain.votes)
    if visits is not None and visits < _VISITS:
        return plain
    try:
        from .walk_viper import votes as native

        return "viper-table", native
    except (ImportError, MemoryError, SyntaxError, ValueError):
        # CPython, a board without native code, or with a .mpy for another one
        return plain


def network():
    # -> the same for a network
    try:
        from .net_viper import votes

        return "viper-network", votes
    except (ImportError, MemoryError, SyntaxError, ValueError):
        from .net_plain import votes

        return "python-network", votes
