"""How the node holds out, in figures.

May import: broker, collector, console, database, errors, features, logs, package, simulator, urls.
"""
