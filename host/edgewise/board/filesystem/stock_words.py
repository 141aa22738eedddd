"""Names that every MicroPython for an ESP32 has in its firmware, where they take no RAM.

Of the stock images of 1.23 and 1.27: functions, attributes and constants that the node does not
use. No modules, because main.py and a boot.py share their names. A name that some firmware lacks
takes its place in RAM there, as any other.
"""

from __future__ import annotations

__all__ = ["STOCK_WORDS"]

_TEXT = """
b e j r RX cd pm rb rx sd tx wb wp GS8 I2S INT IRQ LAN LSB MSB NVS PPP PTR PWM Pin RAW RMT RTC
ULP WDT WEP add arg cos cts doc end erf esp exp get inf lmk md5 mdc mtu nan off ps1 ps2 ptr put
rts run sck scl sda sep seq sin spi src sub tan tau AUTO BOOT DESC GZIP INCL INT8 MONO Task UART
UINT VOID WLAN ZLIB acos argv asin atan bind blit bond ceil copy coro cosh crc8 dest dhcp done
dump duty erfc fabs feed fill find fmod freq ibuf idle imag init join load log2 mdio mem8 miso
mitm mkfs modf mosi path peek pins poll poly ptr8 pull real rect rssi scan seed seek sha1 sinh
slot sort sqrt ssid stat step stop sync tanh tell AP_IF ARRAY IF_AP INT16 INT32 INT64 MVLSB
SHORT Timer UINT8 ULONG acosh asinh atan2 atanh block board bssid chdir clear const count crc32
drive dumps essid expm1 flags floor flush frexp gamma group hline ifidx ioctl ipoll isinf isnan
items label ldexp loads log10 lower match mem16 mem32 mkdir mount mtime phase pixel polar power
ptr16 ptr32 reset rfind rmdir rxbuf shift sleep split state stats stdin strip trunc txbuf uname
union upper viper vline BFINT8 BF_LEN BF_POS FileIO IF_STA INV_RX INV_TX IOBase NATIVE POLLIN
RGB565 SDCard STA_IF STEREO Signal UINT16 UINT32 UINT64 USHORT VfsFat accept active append
buffer cancel center choice cipher commit config decode deinit digest enable encode extend
fileno getcwd getter gmtime hidden ifname insert invert lgamma listen little locked lstrip
memory mktime modify module native opcode parity period ph_key remove rename rindex rsplit
rstrip scroll search sendto setter sha256 single sizeof status stderr stdout txdone umount
unlink values AF_INET BFINT16 BFINT32 BFUINT8 BytesIO DRIVE_0 DRIVE_1 DRIVE_2 DRIVE_3 FLOAT32
FLOAT64 INV_CTS INV_RTS KEY_LEN MODE_LR PM_NONE POLLERR POLLHUP POLLOUT PULL_UP RUNNING SEC_OWE
SEC_WEP SEC_WPA SoftI2C SoftSPI VfsLfs2 abs_tol closure collect country default deflate degrees
deleter disable discard dupterm duty_ns ellipse encrypt fromhex get_i32 heapify heappop indices
isalpha isclose isdigit islower isspace isupper listdir maxsize memaddr newline osdebug passive
popitem popleft radians randint read_uv readbit ref_clk rel_tol release replace reverse sendall
set_i32 set_pmk statvfs subtype sysname tick_hz time_ns timeout trigger txpower uniform urandom
version writeto
"""
STOCK_WORDS = tuple(_TEXT.split())
