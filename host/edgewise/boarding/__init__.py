"""A board with MicroPython on it: its raw REPL, and the files that are put on it."""
