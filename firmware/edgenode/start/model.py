"""Reads the model before the rest comes into RAM: its contract takes room while it is read."""

from ..core.model import Model
from ..drivers import flash
from ..errors import ModelError

_PATH = "model.bin"


def installer(bad, log, on):
    # What came over the air and is new, on trial or to be told; None: nothing. bad: how many
    # starts in a row were bad; on: the class that drives the actuator, "" without one.
    try:
        flash.read("update")
    except OSError:
        return None
    from ..update.install import Installer

    try:
        found = Installer(flash, log, on)
    except ValueError:
        return None
    found.begin(bad)
    return found if found.open else None


def load(sleeps):
    # sleeps: whether the next reading comes with another start
    try:
        blob = _blob()
        return Model(blob, None if sleeps else flash.module("model"), sleeps)
    except OSError as e:
        raise ModelError("model.bin cannot be read (%s); put a model on the board" % e)
    except ValueError as e:
        raise ModelError(str(e))


def _blob():
    try:
        return flash.read(_PATH)
    except OSError:
        # the power was cut between two renames
        if not flash.restore(_PATH):
            raise
        return flash.read(_PATH)
