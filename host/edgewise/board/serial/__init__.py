"""The serial line of a node: read it, show it, record it."""
