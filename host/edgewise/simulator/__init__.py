"""Run the files of the node in the MicroPython unix port, with a simulated board around them.

May import: errors, features, logs, package, paths, settings, toolchain, urls.
"""
