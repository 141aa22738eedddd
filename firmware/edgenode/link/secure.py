"""TLS that checks: the CA of one's own, the host name, the time; nothing less is offered."""

import errno

from ..core.compat import const
from ..errors import ConfigError, LinkError

_HANDSHAKE_BYTES = const(40000)  # 37,300 at its peak, ECDSA P-256 on 1.23 and 1.27
# mbedTLS finds no memory for a number (-0x10) or for ASN.1 (-0x6A): taken for errors of a socket
_NO_MEMORY = (errno.ENOMEM, 0x10, 0x6A)


def context(read, given):
    # read(path) -> bytes; given: names of files by ca, cert and key
    try:
        import tls
    except ImportError:
        raise ConfigError("tls: this MicroPython has no TLS")
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED
    path = given["ca"]
    try:
        made.load_verify_locations(read(path))
        if given["cert"]:
            path = given["cert"]
            certificate = read(path)
            path = given["key"]
            made.load_cert_chain(certificate, read(path))
    except OSError as e:
        raise ConfigError("tls: %s cannot be read (%s)" % (path, e))
    except ValueError as e:
        raise ConfigError("tls: %s: %s: put it there in DER" % (path, e))
    return made


def fault(e):
    # -> what a handshake that raised e failed of. MicroPython says of a certificate that it is not
    # signed, and of other things that the socket is busy, where mbedTLS found no memory.
    text = str(e).strip()
    free = _free_bytes()
    if isinstance(e, ValueError) or e.errno == errno.EIO:
        is_short = free is not None and free < _HANDSHAKE_BYTES
    else:
        is_short = e.errno in _NO_MEMORY or "ALLOC" in text
    if is_short:
        return MemoryError("tls: no memory, the system has %s bytes (%s)" % (free, text))
    if isinstance(e, OSError) and e.errno > 0:
        return e  # of the socket below
    return LinkError("tls: " + text)


def _free_bytes():
    # -> what ESP-IDF has outside the heap; None: not known here
    try:
        import esp32

        return sum([piece[1] for piece in esp32.idf_heap_info(esp32.HEAP_DATA)])
    except (ImportError, AttributeError):
        return None
