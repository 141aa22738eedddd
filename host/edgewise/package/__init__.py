"""The model package: its files, its forest, its inline code, its baseline and its signature.

May import: errors, paths.
"""
