"""Checks the table of a network before it is used: ValueError names what is wrong."""

from .compat import const

SUM_MAX = const(4194302)  # below 2**22: times a byte it stays below 2**30
_HEAD = const(5)
_STAIRS = const(255)
_OUTPUT = const(10)  # words of an output before its weights
SHIFT_MAX = const(28)


def check_network(table, n_features, n_classes, layers):
    # layers: the outputs of each, as the contract says
    if len(table) < _HEAD:
        raise ValueError("network too short")
    n, n_stairs, n_layers, n_out, width = table[:_HEAD]
    if n != n_features or n_out != n_classes or n_layers != len(layers):
        raise ValueError("network does not fit the features, classes or layers")
    if width != max([n] + layers):
        raise ValueError("network of another width")
    k = _HEAD + n
    if len(table) < k + _STAIRS * n_stairs:
        raise ValueError("network too short")
    for i in range(_HEAD, k):
        if table[i] >= n_stairs:
            raise ValueError("stairs of input %d out of range" % (i - _HEAD))
    for i in range(n_stairs):
        _check_falling(table, k + _STAIRS - 1, _STAIRS, -1, "stairs %d" % i)
        k += _STAIRS
    for i in range(n_layers):
        k = _check_layer(table, k, n, layers[i], i)
        n = layers[i]
    if n != n_classes or len(table) != k + 256:
        raise ValueError("network size does not fit")
    _check_falling(table, k, 256, 1, "weights of the classes")
    if table[k] <= table[k + 1]:
        raise ValueError("weights of the classes are equal")


def _check_falling(table, k, n, step, what):
    for _ in range(n - 1):
        if table[k] < table[k + step]:
            raise ValueError("%s not in order" % what)
        k += step


def _check_layer(table, k, n, n_out, layer):
    # -> the place after it
    if len(table) < k + 2:
        raise ValueError("network too short")
    kind = table[k] >> 8
    if kind > 1 or table[k] & 255 != n_out or (kind and n_out != n):
        raise ValueError("layer %d is of another shape" % layer)
    if kind:
        return k + 129
    most = table[k + 1]
    k += 2
    size = _OUTPUT + (n + 1 >> 1)
    if len(table) < k + size * n_out:
        raise ValueError("network too short")
    for _ in range(n_out):
        low = high = table[k] + (((table[k + 1] ^ 32768) - 32768) << 16)
        for i in range(n):
            word = table[k + _OUTPUT + (i >> 1)]
            weight = (word >> 8 if i & 1 else word & 255) - 128
            if weight < 0:
                low += 255 * weight
            else:
                high += 255 * weight
        if low < -SUM_MAX or high > SUM_MAX:
            raise ValueError("sums of layer %d out of range" % layer)
        if table[k + 4] & 255 > 127 or table[k + 4] >> 8 > SHIFT_MAX or table[k + 8] > 4095:
            raise ValueError("factor of layer %d out of range" % layer)
        if not table[k + 9] <= most <= 255:
            raise ValueError("levels of layer %d out of range" % layer)
        k += size
    return k
