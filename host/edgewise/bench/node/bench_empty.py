# Native code that does nothing, to measure the time of a call.
import micropython


@micropython.viper
def votes(x: ptr16, out: ptr32):
    pass
