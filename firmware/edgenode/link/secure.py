"""TLS that checks: the CA of one's own, the host name, the time; nothing less is offered."""

from ..errors import ConfigError


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
