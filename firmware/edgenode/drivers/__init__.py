"""Hardware: everything that touches a pin, a clock or the flash."""
