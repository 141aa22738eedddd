"""What nodes say, over MQTT and on the serial line, as checked values.

May import: nothing.
"""
