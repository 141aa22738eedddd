# mypy: ignore-errors
# ruff: noqa: SIM105
# Files as LittleFS has them on a board: new content is there when the file is closed, whole and on
# the disk, or the old content is.
import builtins

import libc
import uos

_open = builtins.open
_fsync = libc.function("fsync", "i")


def sync_folder(path):
    # the names in the folder of a file are on the disk
    folder = path[: path.rfind("/")] if "/" in path else "."
    fd = libc.open_file(folder, libc.O_RDONLY | libc.O_CLOEXEC)
    try:
        _fsync(fd)
    finally:
        libc.close(fd)


class _Written:
    def __init__(self, path, part, mode):
        self._path = path
        self._part = part
        self._file = _open(part, mode)

    def __enter__(self):
        return self

    def write(self, data):
        return self._file.write(data)

    def close(self):
        try:
            self._file.flush()  # an fsync
        finally:
            self._file.close()
        if self._part != self._path:
            uos.rename(self._part, self._path)
            sync_folder(self._path)

    def __exit__(self, kind, error, trace):
        if kind is None:
            try:
                self.close()
                return
            except OSError:
                self._drop()
                raise
        self._file.close()
        self._drop()

    def _drop(self):
        if self._part == self._path:
            return
        try:
            uos.remove(self._part)
        except OSError:
            pass


def open_file(path, mode="r"):
    if "w" in mode:
        return _Written(path, "part." + path.replace("/", "."), mode)
    if "a" in mode:
        return _Written(path, path, mode)
    return _open(path, mode)


builtins.open = open_file
