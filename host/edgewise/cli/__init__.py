"""The command line: one file for each command.

<<<<<<< HEAD
May import: archive, bench, board, broker, collector, comparison, compile, console, dashboard,
database, demo, errors, features, forecast, health, homeassistant, linux, logs, messages, notify,
ota, package, paths, prediction, report, review, settings, simulator, station, times, toolchain,
training, unusual, urls.
"""
