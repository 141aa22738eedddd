"""Run a node on a Linux computer: its kernel's sensor and GPIO, its files in a folder.

May import: errors, logs, package, paths, settings, station, toolchain.
"""
