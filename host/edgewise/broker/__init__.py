"""Brokers: one inside the process, one in a process of its own, and a folder for mosquitto.

May import: errors, logs, messages, times, urls.
"""
