"""The command line: one file for each command.

May import: archive, bench, board, broker, camera, collector, comparison, compile, console,
dashboard, database, demo, errors, features, forecast, health, homeassistant, linux, logs,
messages, notify, ota, package, paths, prediction, report, review, scout, settings, simulator,
station, times, toolchain, training, unusual, urls.
"""
