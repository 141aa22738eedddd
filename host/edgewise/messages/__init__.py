"""Checks names and messages of nodes, from MQTT and the serial line, and connects to a broker.

May import: urls.
"""
