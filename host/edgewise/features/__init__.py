"""A log as the table that a classifier learns from, and its split into training and test.

May import: errors, logs.
"""
