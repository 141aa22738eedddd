"""A node with outputs."""

from .app import Node


class OutputNode(Node):
    def connect(self, outputs):
        # outputs: a core.outputs; once, before the first step
        self._outputs = outputs
        limits = self._outlook.limits if self._outlook else None
        outputs.connect(self._model.classes, self._confirm, limits, self._heads.detector)

    def step(self):
        self._switch()
        Node.step(self)

    def _handle_reading(self, code):
        Node._handle_reading(self, code)
        now_s = self._clock.uptime_s()
        if code:
            self._outputs.note_failed(now_s, self._hold.fault)
        else:
            self._outputs.note_good(now_s, self._cls)
        self._switch()

    def _switch(self):
        changed = self._outputs.step(self._clock.uptime_s())
        if changed:
            self._outputs.tell(self._link, self._seq, changed)
            self._diag_ms = self._clock.ticks_ms()  # which says the state of each
