"""CSV logs: read, checked, written; public and generated ones.

May import: console, errors, paths.
"""
