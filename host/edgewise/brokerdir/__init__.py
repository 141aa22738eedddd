"""A folder with which mosquitto runs: its CA, certificate, users, rights and configuration."""

from edgewise.brokerdir.setup import Done, init

__all__ = ["Done", "init"]
