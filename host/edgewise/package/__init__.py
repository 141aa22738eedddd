"""The model package: its files, the forest in it, its inline code and its baseline.

May import: errors.
"""
