"""Read, check and write CSV logs; get public and generated ones.

May import: console, errors, paths, times, toolchain.
"""
