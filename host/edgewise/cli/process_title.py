"""The command line of this process, which everybody on the computer can read with ``ps``."""

from __future__ import annotations

import re
from contextlib import suppress

__all__ = ["hide_passwords"]

# In "scheme://user:PASSWORD@...", in "...?password=PASSWORD", and after --wifi-password.
_PASSWORD = re.compile(
    rb"""(?<=\0--wifi-password[=\0])[^\0]+
    | (?<=://)(?P<user>[^:/@\0]*:)[^\0]+(?=@)
    | (?P<key>[?&](?:ssl)?password=)[^&\0]+""",
    re.VERBOSE,
)
_ARG_START = 45  # its place behind the name in /proc/self/stat; man proc_pid_stat, 48 and 49


def hide_passwords() -> None:
    """Overwrite the passwords in the command line of this process, where the system allows.

    That is Linux: there the arguments are in the memory of the process, for `ps` as well. The
    arguments in ``sys.argv`` stay.
    """
    with suppress(OSError), open("/proc/self/mem", "r+b", buffering=0) as memory:
        start, end = _place()
        memory.seek(start)
        line = memory.read(end - start)
        hidden = _PASSWORD.sub(_stars, line)
        if hidden != line:
            memory.seek(start)
            memory.write(hidden)


def _place() -> tuple[int, int]:
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[_ARG_START]), int(fields[_ARG_START + 1])


def _stars(match: re.Match[bytes]) -> bytes:
    visible = match["user"] or match["key"] or b""
    return visible + b"*" * (len(match[0]) - len(visible))
