"""A JSON object on flash with its CRC: a damaged one is known, and the one before it is there."""

from binascii import crc32

from ..core.compat import const

_SEAL = ',"crc32":"'
_SEAL_CHARS = const(20)  # with the eight digits and the end of the object


def write(store, path, text):
    # store: drivers.flash; the file before it stays as .old
    sealed = text[:-1] + _SEAL + '%08x"}' % crc32(text.encode())
    store.write(path + ".tmp", sealed.encode())
    store.exchange(path)


def read(store, path):
    # -> text without its seal, whether it is the previous one; a file without a seal is taken as
    # it is. OSError where there is neither.
    try:
        return _unseal(store.read(path)), False
    except (OSError, ValueError):
        pass
    try:
        return _unseal(store.read(path + ".old")), True
    except ValueError:
        raise OSError("damaged, and so is the previous one")


def _unseal(data):
    text = data.decode()  # UnicodeError is a ValueError
    if text[-_SEAL_CHARS:-10] != _SEAL:
        return text
    text, crc = text[:-_SEAL_CHARS] + "}", text[-10:-2]
    if "%08x" % crc32(text.encode()) != crc:
        raise ValueError
    return text
