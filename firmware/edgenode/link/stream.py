"""A TCP connection that never waits, with TLS or without; what goes over it is its owner's."""

import errno
import gc
import select
import socket

from ..errors import FAULTS

_PENDING = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN, 119)  # 119: EINPROGRESS in lwIP


def _no_delay(io):
    # A packet without an answer has none that would carry its acknowledgement: Nagle then holds
    # the next one for 40 ms.
    try:
        io.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY; the same numbers on Linux and lwIP
    except FAULTS:
        pass


class Stream:
    # tls: None or a context that checks (link.secure) and the name that the server must have.
    # _clear() forgets what belongs to the connection, _tx and _out: composed; being written;
    # _shaking: whether a handshake goes on.
    tls = _io = None
    _shaking = False

    def _connect(self, ip):
        # Starts to connect: write when the poll says so.
        address = socket.getaddrinfo(ip, self.port, 0, socket.SOCK_STREAM)[0][-1]
        raw = self._io = socket.socket()
        raw.setblocking(False)
        _no_delay(raw)
        try:
            raw.connect(address)
        except OSError as e:
            if e.errno not in _PENDING:
                self.close()
                raise
        self._shaking = self.tls is not None
        if self._shaking:
            self._io = self._wrapped(raw)
        self._poller = select.poll()
        self._poller.register(self._io, select.POLLIN)

    def _wrapped(self, raw):
        context, name = self.tls
        gc.collect()  # an area of the heap that became empty is the system's again
        try:
            return context.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        except (OSError, ValueError) as e:
            self.close()
            raise self._tls_fault(e)

    def _tls_fault(self, e):
        from .secure import fault  # large, and used now and then

        return fault(e)

    def close(self):
        io, self._io = self._io, None
        self._clear()
        if io is not None:
            try:
                io.close()
            except OSError:
                pass  # of no use any more, whatever it says

    def _poll(self, ms):
        writes = self._tx or self._out
        self._poller.modify(self._io, select.POLLIN | select.POLLOUT if writes else select.POLLIN)
        return self._poller.ipoll(ms)

    def wait(self, ms):
        # Until there is something to do or ms have passed.
        for _ in self._poll(ms):
            pass

    def _exchange(self):
        # Writes what waits and reads what came, as far as that goes now.
        events = 0
        for _, event in self._poll(0):
            events = event
        if events & select.POLLOUT:
            self._write()
        if events & ~select.POLLOUT:
            self._read()

    def _write(self):
        # TLS wants the very same bytes again after a write that would have blocked.
        if not self._out:
            self._out = self._tx
            self._tx = b""
        if self._out:
            n = self._io.write(self._out)
            if n is not None:
                self._out = self._out[n:]
                self._shaking = False  # nothing is taken before the handshake has ended
