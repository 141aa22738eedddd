"""What a node says of a reading: the class of the trees and their past, or that it is unsure."""

from .records import UNSURE


def _native():
    # -> native code for the loops of memory and detector, where there is some: see core.features
    try:
        from .heads_viper import strongest, weigh
    except (ImportError, MemoryError, SyntaxError, ValueError):
        return None, None
    return weigh, strongest


class Heads:
    # model: core.model, whose contract may have `heads`; period_ms: 0 for the model's
    def __init__(self, model, period_ms=0):
        weigh, strongest = _native()
        self._model = model
        self._temporal = None
        facts = model.heads.get("temporal")
        if facts:
            from .temporal import Temporal

            self._temporal = Temporal(facts, len(model.classes), weigh)
        self.detector = None
        self.u = -1  # how unusual a reading is, in percent of a limit
        facts = model.heads.get("detector")
        if facts:
            from .detector import Detector

            self.detector = Detector(facts, model.features, strongest)
        self.learner = None
        facts = model.heads.get("learn")
        if facts:
            from .learn import Learner

            self.learner = Learner(facts, self.detector, period_ms or model.contract["period_ms"])
        unsure = model.heads.get("unsure", {"readings": 0, "p": 0})
        self._cold = unsure["readings"]
        self._p_min_pc = unsure["p"]
        self._kept = [head for head in (self._temporal, self.detector, self.learner) if head]
        self.kept_bytes = sum([head.kept_bytes for head in self._kept])
        self.best = self.p_pc = 0

    def push(self, x, age):
        # age: readings since the windows were empty, with this one -> class index or UNSURE;
        # best: the class in any case
        model = self._model
        if self.detector:
            self.u = self.detector.push(x)
        if self.learner:
            # the trees know the generic limits only
            self.learner.push(x)
            self.best = int(self.detector.is_unusual)
            self.p_pc = 100
        else:
            self.best = model.predict(x)
            self.p_pc = model.p_pc
        temporal = self._temporal
        if temporal:
            self.best = temporal.push(self.best, age)
            self.p_pc = temporal.p_pc
        return UNSURE if age <= self._cold or self.p_pc < self._p_min_pc else self.best

    def save(self, buf, at):
        for head in self._kept:
            head.save(buf, at)
            at += head.kept_bytes

    def load(self, buf, at):
        for head in self._kept:
            head.load(buf, at)
            at += head.kept_bytes
