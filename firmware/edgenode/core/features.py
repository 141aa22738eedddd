"""Chooses how the features of the last readings are computed; core.catalogue has their names."""


def _native():
    try:
        from .features_viper import Features
    except (ImportError, MemoryError, SyntaxError, ValueError):
        # CPython, a board without native code, or a build for a node that sleeps
        return None
    return Features


def make_features(names):
    # native code where there is some
    native = _native()
    if native:
        return native(names)
    from .features_plain import Features

    return Features(names)
