"""A class is confirmed when `need` of the last `of` readings with a class say so."""

_RULE = (3, 5)
_RULE_TEMPORAL = (1, 1)  # what came before is weighed already


def rule(settings, heads):
    # -> need, of: as set, or what suits the model
    if settings["need"]:
        return settings["need"], settings["of"]
    return _RULE_TEMPORAL if "temporal" in heads else _RULE


class Confirm:
    def __init__(self, need, of, n_classes):
        self._need = need
        self._last = bytearray(of)
        self._counts = bytearray(n_classes)
        self.kept_bytes = 2 + of
        self.clear()

    def clear(self):
        for i in range(len(self._counts)):
            self._counts[i] = 0
        self._next = self._n = 0
        self.confirmed = -1

    def push(self, cls):
        # -> True when the confirmed class changed. need > of/2, so at most one class qualifies.
        i = self._next
        if self._n == len(self._last):
            self._counts[self._last[i]] -= 1
        else:
            self._n += 1
        self._last[i] = cls
        self._counts[cls] += 1
        self._next = (i + 1) % len(self._last)
        if cls == self.confirmed or self._counts[cls] < self._need:
            return False
        self.confirmed = cls
        return True

    def save(self, buf, at):
        n = buf[at] = self._n
        buf[at + 1] = self.confirmed + 1
        for i in range(n):
            buf[at + 2 + i] = self._last[(self._next - n + i) % len(self._last)]

    def load(self, buf, at):
        self.clear()
        for i in range(buf[at]):
            self.push(buf[at + 2 + i])
        self.confirmed = buf[at + 1] - 1
