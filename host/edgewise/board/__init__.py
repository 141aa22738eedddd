"""A board on a cable: build its files, flash, deploy, read its serial line, check it.

May import: errors, logs, messages, package, paths, settings, times, toolchain, urls.
"""
