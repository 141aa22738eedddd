"""Reads the model before the rest comes into RAM: its contract takes room while it is read."""

from .core.model import Model
from .drivers import flash
from .errors import ModelError


def model():
    try:
        return Model(flash.read("model.bin"), flash.module("model"))
    except OSError as e:
        raise ModelError("model.bin cannot be read (%s); put a model on the board" % e)
    except ValueError as e:
        raise ModelError(str(e))
