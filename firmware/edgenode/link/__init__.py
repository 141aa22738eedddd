"""Network: Wi-Fi, MQTT and what waits to be sent."""
