# mypy: ignore-errors
# What MicroPython does not have by itself, from the C library; OSError where a call fails.
import ffi
import uos

library = ffi.open(None)


def function(name, arguments, result="i"):
    raw = library.func(result, name, arguments)

    def call(*given):
        value = raw(*given)
        if value == -1:
            raise OSError(uos.errno())
        return value

    return call


_strerror = library.func("s", "strerror", "i")


def reason(e):
    # -> what an error says, in words
    return _strerror(e.errno) if isinstance(e, OSError) and e.errno else str(e)


close = function("close", "i")
fcntl = function("fcntl", "iil")
ioctl = function("ioctl", "iLp")
open_file = function("open", "si")
read = function("read", "ipL", "l")

O_RDONLY, O_RDWR, O_CLOEXEC = 0, 2, 0o2000000
