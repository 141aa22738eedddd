"""The dashboard of the other tests, for attacks on it."""

from tests.dashboard.conftest import home, secret, serve, url  # noqa: F401 - fixtures
