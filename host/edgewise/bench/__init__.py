"""Measure the time of a prediction, of a whole step and of the features of a training.

May import: collector, compile, console, database, errors, features, logs, mqtt, package,
paths, reliability, simulator, toolchain, urls.
"""
