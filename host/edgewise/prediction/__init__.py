"""Predict the classes of a log with a package, in every runtime.

May import: cluster, errors, features, logs, package, paths, simulator, toolchain.
"""
