"""Makes the parts of the link: for every node, and for a wake that needs the radio."""

import network

from ..core.compat import const
from ..drivers import flash
from ..errors import FAULTS
from ..link.ntp import Ntp
from ..link.wifi import Wifi

_NO_RADIO_MS = const(600000)  # then the board starts again


def make_client(settings, name):
    # a board has the files of its own uplink only
    if settings["uplink"] != "mqtt":
        from . import server

        return server.make_client(settings, name)
    from ..link.mqtt import Client

    mqtt = settings["mqtt"]
    tls = None
    if mqtt["tls"]:
        from ..link import secure

        tls = secure.context(flash.read, mqtt), mqtt["server_name"] or mqtt["host"]
    return Client(
        "edgewise-" + name,
        mqtt["host"],
        mqtt["port"],
        mqtt["user"],
        mqtt["password"],
        mqtt["keepalive_s"],
        tls,
    )


def make_parts(board, settings, client):
    # Wi-Fi, client, time and clock, as a link takes them
    wifi, ntp, log = settings["wifi"], settings["ntp"], board.log
    return (
        Wifi(_radio(board), wifi["ssid"], wifi["password"], log),
        client,
        Ntp(ntp["host"], ntp["port"], board.clock, log),
        board.clock,
    )


def _radio(board):
    try:
        return network.WLAN(network.STA_IF)
    except FAULTS as e:
        # Made once more in this run, it would have no interface (ports/esp32/network_wlan.c).
        board.restart_soon(_NO_RADIO_MS)
        from ..link.noradio import NoRadio

        return NoRadio(e)
