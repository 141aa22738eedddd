"""Checks the messages of nodes, from MQTT and the serial line, and turns them into values.

May import: nothing.
"""
