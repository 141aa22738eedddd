"""Checks the heads of a model before they are used: ValueError names what is wrong."""

from .compat import const

# Of core.temporal, which counts on them:
STEP_TOTAL = const(1024)  # a row of `step`
WEIGHT_MAX = const(255)
FLOOR_MAX = const(255)
READINGS_MAX = const(255)  # core.pipeline counts so far
# Of a network:
LAYERS_MAX = const(16)
WIDTH_MAX = const(255)  # outputs of a layer


def check_heads(heads, n_classes):
    checks = {"temporal": _temporal, "unsure": _unsure, "network": _network}
    for name in heads:
        if name not in checks:
            raise ValueError("heads holds %s, which is not known: update the node" % name)
        facts = heads[name]
        if not isinstance(facts, dict) or not checks[name](facts, n_classes):
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


def _network(facts, n):
    # the outputs of each layer; core.netcheck checks the rest
    layers = facts.get("layers")
    return (
        len(facts) == 1
        and isinstance(layers, list)
        and 1 <= len(layers) <= LAYERS_MAX
        and _are_within(layers, len(layers), 1, WIDTH_MAX)
        and layers[-1] == n
    )


def _are_within(values, n, low, high):
    return (
        isinstance(values, list)
        and len(values) == n
        and all([type(v) is int and low <= v <= high for v in values])
    )
