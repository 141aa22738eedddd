"""Measure the time of a prediction, of a whole step, of features, and the reads of a start.

May import: board, collector, compile, console, database, errors, features, logs, messages,
package, paths, reliability, settings, simulator, toolchain, urls.
"""
