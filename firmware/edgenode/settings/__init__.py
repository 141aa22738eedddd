"""config.json: checked, and tried before it stays."""
