"""The dashboard of the other tests, for attacks on it."""

from tests.dashboard.conftest import browser, home, page, secret, serve, url  # noqa: F401 - fixtures
