"""The web pages: people see their nodes, label readings, train a model and send it to nodes.

May import: board, comparison, compile, console, database, errors, forecast, health, logs,
messages, ota, package, paths, review, times, training, urls, web.
"""
