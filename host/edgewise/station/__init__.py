"""Broker, collector, dashboard and others on one folder, as processes that end together.

May import: broker, errors, logs, paths, settings, urls.
"""
