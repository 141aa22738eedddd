"""The node's own files in the MicroPython unix port, with a simulated board around them."""
