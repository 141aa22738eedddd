"""The way to the login, and from there back to the page where one was."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

__all__ = ["LOGIN", "login_path", "safe_path"]

LOGIN = "/login"
_PAGES = ("/", "/node")
_LENGTH_MAX = 1000


def login_path(path: str) -> str:
    """The path of the login that leads to ``path``, path and query of a page."""
    to = safe_path(path)
    return LOGIN if to == "/" else f"{LOGIN}?to={quote(to, safe='')}"


def safe_path(path: str) -> str:
    """``path`` if it is one of a page of this dashboard, else that of the overview."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    is_own = not parts.scheme and not parts.netloc and parts.path in _PAGES
    return path if is_own and path.isprintable() and len(path) <= _LENGTH_MAX else "/"
