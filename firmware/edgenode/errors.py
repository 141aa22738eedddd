"""What the node refuses: NodeError > ConfigError, ModelError, LinkError."""


class NodeError(Exception):
    pass


class ConfigError(NodeError):
    def __init__(self, text):
        super().__init__("config: " + text)


class ModelError(NodeError):
    pass


class LinkError(NodeError):
    pass


# What the node outlives: its own refusals, and what stock parts raise beside OSError. The Wi-Fi of
# an ESP32 has RuntimeError, its clock OverflowError for a time after 2068.
FAULTS = (NodeError, OSError, MemoryError, RuntimeError, ValueError, OverflowError)
