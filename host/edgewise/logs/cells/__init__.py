"""Text cells as numbers: values with units, times, local time."""
