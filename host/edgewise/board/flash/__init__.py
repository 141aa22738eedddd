"""From a MicroPython image and a build to a board that runs them."""
