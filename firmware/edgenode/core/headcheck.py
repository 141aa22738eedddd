"""Checks the heads of a model before they are used: ValueError names what is wrong."""

from .compat import const

# Of core.temporal, which counts on them:
STEP_TOTAL = const(4096)  # a row of `step`
SAID_MAX = const(4095)
STATES_MAX = const(16)
READINGS_MAX = const(255)  # core.pipeline counts so far
LIMITS_MAX = const(16)
LIMIT_MAX = const(32766)  # as features are clamped
# Of core.learn:
STAGES_MAX = const(4)
DAYS_MAX = const(7)
TIMES_MAX = const(20)
PART_MAX = const(255)
# Of core.outlook:
HORIZONS_MAX = const(4)
MINUTES_MAX = const(1440)
K_MAX = const(10)
SHARE_MAX = const(1023)
BAND_MAX = const(12000)
# Of a network:
LAYERS_MAX = const(16)
WIDTH_MAX = const(255)  # outputs of a layer


def check_heads(heads, n_classes, n_features, period_ms):
    checks = {
        "detector": (_detector, n_features),
        "learn": (_learn, n_classes if "detector" in heads else 0),
        "network": (_network, n_classes),
        "next": (_next, period_ms),
        "temporal": (_temporal, n_classes),
        "unsure": (_unsure, n_classes),
    }
    for name in heads:
        if name not in checks:
            raise ValueError("heads holds %s, which is not known: update the node" % name)
        facts = heads[name]
        check, n = checks[name]
        if not isinstance(facts, dict) or not check(facts, n):
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


def _learn(facts, n):
    # two classes, normal and unusual, beside a detector
    if n != 2 or sorted(facts) != ["days", "part", "times"]:
        return False
    days = facts["days"]
    n_stages = len(days) if isinstance(days, list) else 0
    return (
        1 <= n_stages <= STAGES_MAX
        and _are_within(days, n_stages, 1, DAYS_MAX)
        and _are_ascending(days)
        and _are_within(facts["times"], n_stages, 1, TIMES_MAX)
        and _are_within(facts["part"], n_stages, 1, PART_MAX)
    )


def _temporal(facts, n):
    if sorted(facts) == ["floor", "step", "weight"]:
        raise ValueError("heads.temporal is of an older version: train again")
    state = facts.get("state")
    if sorted(facts) != (["said", "step"] if state is None else ["said", "state", "step"]):
        return False
    states = n
    if state is not None:
        states = len(state) if isinstance(state, list) else 0
        if not (
            n <= states <= STATES_MAX
            and _are_within(state, states, 0, n - 1)
            and len(set(state)) == n
        ):
            return False
    step = facts["step"]
    return (
        _are_within(facts["said"], 2 * n * states, 1, SAID_MAX)
        and _are_within(step, states * states, 0, STEP_TOTAL)
        and all([sum(step[k : k + states]) == STEP_TOTAL for k in range(0, len(step), states)])
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
        and _are_ascending(minutes)
        and minutes[0] * 60000 >= period_ms
        and _are_within([facts["k"]], 1, 1, K_MAX)
        and all([_are_within(facts[c], n, 0, SHARE_MAX) for c in "th"])
        and all([_are_within(facts[c + "_band"], n, 0, BAND_MAX) for c in "th"])
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


def _are_ascending(values):
    return all([values[i - 1] < values[i] for i in range(1, len(values))])


def _are_within(values, n, low, high):
    return (
        isinstance(values, list)
        and len(values) == n
        and all([type(v) is int and low <= v <= high for v in values])
    )
