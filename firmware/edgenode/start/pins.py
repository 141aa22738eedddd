"""Makes what drives a pin."""

import machine

from ..drivers.output import Output
from ..errors import ConfigError


def make_output(number, active):
    # The level comes before the mode: an output that is low first would switch a relay on that is
    # active at 0 (ports/esp32/machine_pin.c).
    return Output(machine.Pin(number, machine.Pin.OUT, value=1 - active), active)


def make_outputs(settings, now_s):
    # -> core.outputs. Before the model is read: a pin floats until then.
    from ..core.outputcheck import read
    from ..core.outputs import Outputs, Switch

    switches = []
    for row in read(settings["outputs"]):
        try:
            pin = make_output(row["pin"], row["active"])
        except (OSError, ValueError) as e:
            raise ConfigError("outputs.%s.pin: GPIO %d: %s" % (row["name"], row["pin"], e))
        switches.append(Switch(row, pin, now_s))
    return Outputs(switches, settings["sensor"]["hold_s"])
