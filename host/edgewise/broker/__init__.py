"""Brokers: one inside the process, one of its own, and the folder with which mosquitto runs.

May import: errors, logs, urls.
"""
