"""TLS that checks: the CA of one's own, the host name, the time; nothing less is offered."""

from ..errors import ConfigError


def context(read, mqtt):
    # read(path) -> bytes; mqtt: that section of the configuration
    try:
        import tls
    except ImportError:
        raise ConfigError("mqtt.tls: this MicroPython has no TLS")
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED
    path = mqtt["ca"]
    try:
        made.load_verify_locations(read(path))
        if mqtt["cert"]:
            path = mqtt["cert"]
            certificate = read(path)
            path = mqtt["key"]
            made.load_cert_chain(certificate, read(path))
    except OSError as e:
        raise ConfigError("mqtt.tls: %s cannot be read (%s)" % (path, e))
    except ValueError as e:
        raise ConfigError("mqtt.tls: %s: %s: put it there in DER" % (path, e))
    return made
