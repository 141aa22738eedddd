"""Turn a log into the table that a classifier learns from; split it into training and test.

May import: cluster, errors, logs, times.
"""
