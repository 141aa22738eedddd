"""Checks the heads of a model before they are used: ValueError names what is wrong."""

from .compat import const

# Of core.temporal, which counts on them:
STEP_TOTAL = const(1024)  # a row of `step`
WEIGHT_MAX = const(255)
FLOOR_MAX = const(255)
READINGS_MAX = const(255)  # core.pipeline counts so far
LIMITS_MAX = const(16)
LIMIT_MAX = const(32766)  # as features are clamped


def check_heads(heads, n_classes, n_features):
    checks = {"detector": _detector, "temporal": _temporal, "unsure": _unsure}
    for name in heads:
        if name not in checks:
            raise ValueError("heads holds %s, which is not known: update the node" % name)
        facts = heads[name]
        n = n_features if name == "detector" else n_classes
        if not isinstance(facts, dict) or not checks[name](facts, n):
            raise ValueError("heads.%s is not valid" % name)


def _detector(facts, n_features):
    if sorted(facts) != ["feature", "limit", "usual"] or not isinstance(facts["feature"], list):
        return False
    feature = facts["feature"]
    n = len(feature)
    return (
        1 <= n <= LIMITS_MAX
        and _are_within(feature, n, 0, n_features - 1)
        and len(set(feature)) == n
        and _are_within(facts["usual"], n, 0, LIMIT_MAX)
        and _are_within(facts["limit"], n, 1, LIMIT_MAX)
    )


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


def _are_within(values, n, low, high):
    return (
        isinstance(values, list)
        and len(values) == n
        and all([type(v) is int and low <= v <= high for v in values])
    )
