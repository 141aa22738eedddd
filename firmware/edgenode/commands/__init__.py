"""Orders over MQTT."""
