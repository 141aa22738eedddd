"""Reads the model before the rest comes into RAM: its contract takes room while it is read."""

from ..core.model import Model
from ..drivers import flash
from ..errors import ModelError

_PATH = "model.bin"


def _needs(actuator, outputs):
    # -> what a model must have: [setting, class, "" for a detector]
    found = []
    if actuator["pin"] >= 0 and actuator["follow"] == "class":
        found.append(("actuator.on", actuator["on"]))
    for switch in outputs.switches if outputs else ():
        if switch.follow == "class":
            found.append(("outputs.%s.on" % switch.name, switch.which))
        elif switch.follow == "unusual":
            found.append(("outputs.%s.follow" % switch.name, ""))
    return found


def installer(bad, log, actuator, outputs):
    # What came over the air and is new, on trial or to be told; None: nothing. bad: how many
    # starts in a row were bad; actuator: of the settings; outputs: core.outputs or None.
    try:
        flash.read("update")
    except OSError:
        return None
    from ..update.install import Installer

    try:
        found = Installer(flash, log, _needs(actuator, outputs))
    except ValueError:
        return None
    found.begin(bad)
    return found if found.open else None


def load(sleeps, actuator, outputs):
    # sleeps: whether the next reading comes with another start
    try:
        blob = _blob()
        model = Model(blob, None if sleeps else flash.module("model"), sleeps)
    except OSError as e:
        raise ModelError("model.bin cannot be read (%s); put a model on the board" % e)
    except ValueError as e:
        raise ModelError(str(e))
    if outputs:
        from ..core.outputcheck import find_lack

        lack = find_lack(_needs(actuator, outputs), model)
        if lack:
            raise ModelError("model.bin: " + lack)
    return model


def _blob():
    try:
        return flash.read(_PATH)
    except OSError:
        # the power was cut between two renames
        if not flash.restore(_PATH):
            raise
        return flash.read(_PATH)
