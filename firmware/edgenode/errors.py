"""What the node refuses: NodeError > ConfigError, ModelError, LinkError."""


class NodeError(Exception):
    pass


class ConfigError(NodeError):
    pass


class ModelError(NodeError):
    pass


class LinkError(NodeError):
    pass
