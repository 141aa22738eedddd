"""Tools from outside: MicroPython's unix port, umqtt.simple, mpy-cross and the C compiler.

May import: errors, paths.
"""
