"""Networks in .tflite files: read one, compute it exactly, write it as a node's table."""
