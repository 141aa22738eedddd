"""The model package: its files, its forest, its inline code and its baseline.

May import: errors.
"""
