"""Checks names and messages of nodes, from MQTT and the serial line; makes values of them.

May import: nothing.
"""
