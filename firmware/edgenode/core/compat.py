"""Owns the differences between the interpreters."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value
