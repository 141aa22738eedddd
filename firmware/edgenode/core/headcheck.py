"""Checks the heads of a model before they are used: ValueError names what is wrong."""

from .compat import const

# Of core.temporal, which counts on them:
STEP_TOTAL = const(1024)  # a row of `step`
WEIGHT_MAX = const(255)
FLOOR_MAX = const(255)
READINGS_MAX = const(255)  # core.pipeline counts so far
# Of core.outlook:
HORIZONS_MAX = const(4)
MINUTES_MAX = const(1440)
K_MAX = const(10)
SHARE_MAX = const(1023)
BAND_MAX = const(12000)


def check_heads(heads, n_classes, period_ms):
    checks = {"next": _next, "temporal": _temporal, "unsure": _unsure}
    for name in heads:
        if name not in checks:
            raise ValueError("heads holds %s, which is not known: update the node" % name)
        facts = heads[name]
        n = period_ms if name == "next" else n_classes
        if not isinstance(facts, dict) or not checks[name](facts, n):
            raise ValueError("heads.%s is not valid" % name)


def _temporal(facts, n):
    if sorted(facts) != ["floor", "step", "weight"]:
        return False
    step = facts["step"]
    return (
        _are_within([facts["floor"]], 1, 1, FLOOR_MAX)
        and _are_within(facts["weight"], n, 1, WEIGHT_MAX)
        and _are_within(step, n * n, 0, STEP_TOTAL)
        and all([sum(step[k : k + n]) == STEP_TOTAL for k in range(0, n * n, n)])
    )


def _unsure(facts, n):
    return (
        sorted(facts) == ["p", "readings"]
        and _are_within([facts["p"]], 1, 0, 100)
        and _are_within([facts["readings"]], 1, 0, READINGS_MAX)
    )


def _next(facts, period_ms):
    if sorted(facts) != ["h", "h_band", "k", "minutes", "t", "t_band"]:
        return False
    minutes = facts["minutes"]
    n = len(minutes) if isinstance(minutes, list) else 0
    return (
        1 <= n <= HORIZONS_MAX
        and _are_within(minutes, n, 1, MINUTES_MAX)
        and all([minutes[i - 1] < minutes[i] for i in range(1, n)])
        and minutes[0] * 60000 >= period_ms
        and _are_within([facts["k"]], 1, 1, K_MAX)
        and all([_are_within(facts[c], n, 0, SHARE_MAX) for c in "th"])
        and all([_are_within(facts[c + "_band"], n, 0, BAND_MAX) for c in "th"])
    )


def _are_within(values, n, low, high):
    return (
        isinstance(values, list)
        and len(values) == n
        and all([type(v) is int and low <= v <= high for v in values])
    )
