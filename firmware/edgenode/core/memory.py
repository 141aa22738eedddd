"""RAM is short: modules that are used now and then leave it until the next import."""

import sys


def drop(*names):
    # names below edgenode, such as "link.dns"
    for name in names:
        above, _, leaf = ("edgenode." + name).rpartition(".")
        if sys.modules.pop("edgenode." + name, None):
            delattr(sys.modules[above], leaf)
