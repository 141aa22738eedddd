"""Measure how reliable the node is: disturb simulated nodes and count what is lost.

May import: broker, collector, console, database, errors, features, logs, messages, package,
simulator, urls.
"""
