"""The classes that a package gives to a log, in every runtime.

May import: errors, features, logs, package, paths, simulator, toolchain.
"""
