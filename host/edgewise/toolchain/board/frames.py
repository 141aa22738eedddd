"""The five bytes of a DHT; for both interpreters."""

import struct


def encode(t_dc: int, h_pm: int, kind: str = "dht22") -> bytes:
    """Return the five bytes of a sensor: humidity, temperature (sign and magnitude), checksum.

    ``kind`` "dht22": tenths in 16 bits each; "dht11": whole part and tenths, one byte each.
    """
    sign, size = int(t_dc < 0), abs(t_dc)
    if kind == "dht11":
        body = bytes((h_pm // 10, h_pm % 10, size // 10, sign << 7 | size % 10))
    else:
        body = struct.pack(">HH", h_pm, sign << 15 | size)
    return body + bytes((sum(body) & 0xFF,))
