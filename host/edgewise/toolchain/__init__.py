"""The outside tools: MicroPython's unix port, umqtt.simple and mpy-cross.

May import: errors, paths.
"""
