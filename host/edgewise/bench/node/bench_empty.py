# What a call of native code costs that does nothing.
import micropython


@micropython.viper
def votes(x: ptr16, out: ptr32):
    pass
