"""Small files on a flash that may lose power at any byte."""

import os


def write(path, data):
    # A new file takes the place of the old one in one rename: there is always a whole one.
    with open(path + ".tmp", "wb") as f:
        f.write(data)
    if hasattr(os, "sync"):
        os.sync()
    os.rename(path + ".tmp", path)


def next_boot(path):
    # Counts starts; a torn or missing file starts again at 1.
    try:
        with open(path, "rb") as f:
            boot = int(f.read()) + 1
    except (OSError, ValueError):
        boot = 1
    write(path, b"%d" % boot)
    return boot


def read(path):
    with open(path, "rb") as f:
        return f.read()


def module(name):
    # -> a module beside main.py or None: it is not there, is for another machine or finds no room
    try:
        return __import__(name)
    except ImportError:
        return None
    except (MemoryError, SyntaxError, ValueError) as e:
        print("edgewise: %s.mpy is of no use here (%s)" % (name, e))
