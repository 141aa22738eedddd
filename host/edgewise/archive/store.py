"""An object store or a folder: list, read, write and delete, with errors in one line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from edgewise.archive.address import Address
from edgewise.errors import AwayError, EdgewiseError, InputError, OutsideError, unwritable
from edgewise.logs.writing import write_atomic
from edgewise.toolchain import extras

__all__ = ["Store"]

# A collector that ends waits for the request that is on its way.
_RETRIES: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_CLIENT: dict[str, Any] = {"connect_timeout": "5s", "timeout": "60s", "allow_http": True}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING",
}
_ENDPOINTS = {"s3": " and AWS_ENDPOINT_URL", "az": " and AZURE_STORAGE_ENDPOINT"}
# What the texts of obstore's errors hold; they are never shown: a signature may stand in them.
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
_NO_LOGIN = ("169.254.169.254", "metadata.google.internal", "Account must be specified")
_WRONG_LOGIN = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationFailure")
_NO_RIGHT = ("AccessDenied", "403 Forbidden")
_NO_ANSWER = ("error sending request", "timed out", "operation timed out", "dns error")
_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")


class Store:
    """The objects below an address. A write is whole or not there, also after a power cut.

    Every method raises InputError or OutsideError, in one line; AwayError where the store does
    not answer.
    """

    def __init__(self, address: Address) -> None:
        extras.require("archive")
        self.address = address
        self._is_folder = address.scheme == "file"

    def list(self, prefix: str) -> list[str]:
        """The paths of all objects below the folder ``prefix``, sorted.

        A hidden file is none: a killed `write` to a folder leaves one.
        """
        import obstore

        with self._naming_store():
            batches = obstore.list(self._objects, f"{prefix}/")
            paths = (str(item["path"]) for batch in batches for item in batch)
            return sorted(path for path in paths if "/." not in path)

    def read(self, path: str) -> bytes | None:
        """The object, or None where there is none."""
        import obstore

        with self._naming_store():
            try:
                return bytes(obstore.get(self._objects, path).bytes())
            except FileNotFoundError as e:
                if _has(e, _NO_BUCKET):
                    raise
                return None

    def write(self, path: str, data: bytes) -> None:
        """Write an object as a whole."""
        import obstore

        with self._naming_store():
            if self._is_folder:
                self._write_file(path, data)
            else:
                obstore.put(self._objects, path, data, use_multipart=False)

    def delete(self, path: str) -> None:
        """Delete an object if it is there and may be deleted."""
        import obstore
        from obstore.exceptions import BaseError

        with self._naming_store():
            try:
                obstore.delete(self._objects, path)
            except FileNotFoundError:
                return
            except BaseError as e:
                if not _is_forbidden(e):
                    raise

    def _write_file(self, path: str, data: bytes) -> None:
        # obstore's own does not wait for the disk, and what is archived is deleted elsewhere
        file = Path(self.address.place, path)
        missing = [f for f in (file.parent, *file.parent.parents) if not f.exists()]
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise unwritable(file.parent, e) from e
        write_atomic(file, data)
        for folder in {file.parent, *(f.parent for f in missing)}:
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    @cached_property
    def _objects(self) -> Any:
        from obstore.store import LocalStore, from_url

        if self._is_folder:
            if not Path(self.address.place).is_dir():
                raise InputError(
                    f"archive {self.address}: the folder does not exist: create it, or mount its "
                    "disk"
                )
            return LocalStore(self.address.place)
        options: Any = {"client_options": _CLIENT, "retry_config": _RETRIES}
        return from_url(str(self.address), **_config(self.address.scheme), **options)

    @contextmanager
    def _naming_store(self) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as e:
            raise self._error(e) from None  # its text may hold a signature

    def _error(self, e: Exception) -> EdgewiseError:
        from obstore.exceptions import UnauthenticatedError

        scheme, url = self.address.scheme, f"archive {self.address}"
        if self._is_folder:
            why = "permission denied" if _has(e, ("ermission denied",)) else type(e).__name__
            return OutsideError(f"{url}: {why}: check the rights of the folder")
        login = f"set {_CREDENTIALS[scheme]}"
        if _has(e, _NO_BUCKET):
            what = "container" if scheme == "az" else "bucket"
            return InputError(f"{url}: the {what} does not exist: create it, or check the address")
        if _has(e, _NO_LOGIN):
            return OutsideError(f"{url}: no credentials in the environment: {login}")
        if _has(e, _WRONG_LOGIN) or isinstance(e, UnauthenticatedError):
            return OutsideError(f"{url}: the credentials are refused: {login}")
        if _is_forbidden(e):
            return OutsideError(
                f"{url}: permission denied: let these credentials list, read, write and delete"
            )
        if _has(e, _NO_ANSWER):
            check = f"check the network{_ENDPOINTS.get(scheme, '')}"
            return AwayError(f"{url}: no answer: {check}")
        status, code = (pattern.search(str(e)) for pattern in (_STATUS, _CODE))
        why = ", ".join(match[1].strip() for match in (status, code) if match)
        region = ", AWS_REGION" if scheme == "s3" else ""
        return OutsideError(
            f"{url}: {why or type(e).__name__}: check the address{region} and {login}"
        )


def _is_forbidden(e: Exception) -> bool:
    from obstore.exceptions import PermissionDeniedError

    return isinstance(e, PermissionDeniedError) or _has(e, _NO_RIGHT)


def _has(e: Exception, marks: tuple[str, ...]) -> bool:
    text = str(e)
    return any(mark in text for mark in marks)


def _config(scheme: str) -> dict[str, Any]:
    # What obstore does not read itself: names that only the clouds' own tools know.
    get = os.environ.get
    if scheme == "az":
        parts = (get("AZURE_STORAGE_CONNECTION_STRING") or "").split(";")
        text = dict(part.split("=", 1) for part in parts if "=" in part)
        account = get("AZURE_STORAGE_ACCOUNT") or text.get("AccountName")
        config = {
            "account_name": account,
            "account_key": get("AZURE_STORAGE_KEY") or text.get("AccountKey"),
            "sas_key": text.get("SharedAccessSignature"),
            "endpoint": text.get("BlobEndpoint"),
        }
        return {key: value for key, value in config.items() if value}
    return {}
