"""Write a MicroPython image and a build to a board."""
