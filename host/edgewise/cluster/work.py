"""A function for each of many items, in their order: in this process or on a Dask cluster."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from edgewise.errors import InputError, OutsideError

__all__ = ["Each", "here", "share"]

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/]+:\d{1,5}")
_SCHEDULER_S = 10
_WORKER_S = 30
_AHEAD = 4  # items that a thread of a worker has before it: memory holds no more of them
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Each(Protocol):
    """``function`` of each of ``items``, in their order; a function is pure and of a module."""

    def __call__(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item], /
    ) -> Iterator[_Result]: ...


def here(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Do the work in this process."""
    return map(function, items)


@contextmanager
def share(address: str | None) -> Iterator[Each | None]:
    """Yield what does the work on the Dask scheduler at ``address``; None without an address.

    A worker that is lost loses nothing: others do its items. InputError for an address that is
    none, OutsideError where no scheduler or no worker answers.
    """
    if address is None:
        yield None
        return
    from edgewise.toolchain.extras import require

    if not _ADDRESS.fullmatch(address):
        raise InputError(f"--dask {address}: write tcp://HOST:8786, as dask scheduler shows it")
    require("dask")
    with _connect(address) as client:
        yield _OnCluster(client, address)


@contextmanager
def _connect(address: str) -> Iterator[Any]:
    import distributed

    client_class: Any = distributed.Client  # it has no types
    try:
        client = client_class(address, timeout=_SCHEDULER_S, set_as_default=False)
    except OSError as e:
        raise OutsideError(
            f"--dask {address}: no scheduler answers: start one with: dask scheduler"
        ) from e
    except (TypeError, ValueError) as e:
        raise OutsideError(f"--dask {address}: {e}: set Dask's TLS files, or use tcp://") from e
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKER_S)
        except TimeoutError as e:
            raise OutsideError(
                f"--dask {address}: it has no worker: start some with: dask worker {address}"
            ) from e
        yield client


class _OnCluster:
    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address

    def __call__(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item], /
    ) -> Iterator[_Result]:
        ahead = _AHEAD * max(1, sum(self._client.nthreads().values()))
        waiting: deque[Any] = deque()
        for item in items:
            if len(waiting) >= ahead:
                yield self._result(waiting.popleft())
            waiting.append(self._client.submit(function, item, pure=False))
        while waiting:
            yield self._result(waiting.popleft())

    def _result(self, future: Any) -> Any:
        from distributed import CancelledError, KilledWorker

        try:
            return future.result()
        except KilledWorker as e:
            raise OutsideError(
                f"--dask {self._address}: the same work ended several workers: give them more "
                "memory"
            ) from e
        except (CancelledError, OSError) as e:
            raise OutsideError(
                f"--dask {self._address}: the scheduler went away: start it and run this again"
            ) from e
        except RuntimeError as e:
            if "deserialization" not in str(e):
                raise
            raise OutsideError(
                f"--dask {self._address}: the scheduler does not know this edgewise: install this "
                "version there and on the workers"
            ) from e
        except ImportError as e:
            raise OutsideError(
                f"--dask {self._address}: {e} on a worker: install this version of edgewise there"
            ) from e
