"""Runs on the board through its raw REPL: ask MicroPython, sensor, radio and network."""

# mypy: ignore-errors
import gc
import json
import os
import socket
import sys
import time


def system():
    gc.collect()
    disk = os.statvfs("/")
    return {
        "machine": sys.implementation[2],
        "version": sys.implementation[1][:3],
        "mpy": getattr(sys.implementation, "_mpy", 0),
        "heap": gc.mem_free(),
        "disk": disk[0] * disk[3],
    }


def sensor(pin, power_pin):
    # -> the five raw bytes, or the text of the driver's exception
    import dht
    from machine import Pin

    if power_pin >= 0:
        Pin(power_pin, Pin.OUT).value(1)
    device = dht.DHT22(Pin(pin))
    for _ in range(3):
        time.sleep(2)
        try:
            device.measure()
            return list(device.buf)
        except Exception as e:  # noqa: BLE001 - the stock driver raises a bare one
            error = repr(e)
    return error


def wifi(ssid, password, limit_s):
    # -> [is connected, dBm or None, whether the scan found the network]
    import network

    radio = network.WLAN(network.STA_IF)
    radio.active(True)
    if not radio.isconnected():
        # a scan does not find a hidden network, but the board can connect to it
        is_visible = any(row[0] == ssid.encode() for row in radio.scan())
        radio.connect(ssid, password)
        for _ in range(limit_s * 5):
            if radio.isconnected():
                break
            time.sleep(0.2)
    if not radio.isconnected():
        return [False, None, is_visible]
    return [True, radio.status("rssi"), True]


def reach(host, port):
    # -> "" or the reason of the failure
    connection = socket.socket()
    try:
        connection.settimeout(5)
        connection.connect(socket.getaddrinfo(host, port)[0][-1])
        return ""
    except OSError as e:
        return str(e)
    finally:
        connection.close()


def ping(host, port):
    # -> "" or the reason of the failure; RFC 7252, 4.3: an empty message is answered by a reset
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        connection.settimeout(5)
        connection.connect(socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0][-1])
        connection.send(b"\x40\0\x4d\x57")
        return "" if connection.recv(64) == b"\x70\0\x4d\x57" else "no CoAP"
    except OSError as e:
        return str(e)
    finally:
        connection.close()


def clock(host):
    # -> unix seconds from NTP, or the reason of the failure
    import ntptime

    ntptime.host = host
    try:
        year_2000 = 946684800 if time.gmtime(0)[0] == 2000 else 0
        return ntptime.time() + year_2000
    except (OSError, OverflowError) as e:
        return str(e)


def tell(value):
    print(json.dumps(value))
