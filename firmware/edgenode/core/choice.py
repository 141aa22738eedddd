"""What says the class of a reading, and what comes next, by the heads of a model."""


def make_heads(model, period_ms=0):
    # -> what says the class of a reading: the model alone, or with its heads; period_ms: 0 for
    # the model's
    for name in ("detector", "temporal", "unsure"):
        if name in model.heads:
            from .heads import Heads

            return Heads(model, period_ms)
    return model


def make_outlook(model, given, period_ms):
    # -> a core.outlook for a model with forecasts, or a node with limits; else None.
    # given: the limits of the settings
    facts = model.heads.get("next")
    if not facts and not given["t"] and not given["h"]:
        return None
    from .limits import make_outlook as make

    return make(facts, given, model.contract["period_ms"], period_ms)
