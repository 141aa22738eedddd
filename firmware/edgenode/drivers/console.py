"""What goes over the serial line for `edgewise monitor`: the topic's last word, then the JSON."""

from ..core import records
from ..core.decode import ERRORS


class Console:
    def __init__(self, boot, classes_json):
        self._boot = boot
        self._classes = classes_json

    def reading(self, ts, seq, t_dc, h_pm, cls, p_pc, code, u=-1):
        if code:
            text = records.failure(ts, self._boot, seq, ERRORS[code])
        else:
            name = records.class_json(self._classes, cls)
            text = records.reading(ts, self._boot, seq, t_dc, h_pm, name, p_pc, u)
        print("state", text)

    def diag(self, text):
        print("diag", text)
