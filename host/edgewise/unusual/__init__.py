"""Find what is unusual without labels: limits that a log's own values give.

May import: errors, features, logs, package, times, training.
"""
