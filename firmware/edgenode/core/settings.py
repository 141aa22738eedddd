"""Every setting of a node, for both sides: name, type, default (JSON), lowest and highest."""

# One text and not a dict: its names would stay in RAM for ever. Of text the length counts, words
# with | between them are all that is allowed; `report` is checked by core.gate, the calibrations
# by core.calibrate, the outputs by core.outputcheck. A name that starts with a point is of the
# section above it.
SETTINGS = """node text "" 0 32
base text "edgewise" 1 64
period_ms number 0 0 3600000
wifi.ssid text "" 0 32
.password text "" 0 64
mqtt.host text "" 0 253
.port number 1883 1 65535
.user text "" 0 128
.password text "" 0 128
.keepalive_s number 60 10 3600
.tls switch false
.ca text "ca.der" 1 64
.cert text "" 0 64
.key text "" 0 64
.server_name text "" 0 253
ntp.host text "pool.ntp.org" 0 253
.port number 123 1 65535
sensor.kind text "dht22" dht22|dht11
.pin number 4 0 48
.power_pin number -1 -1 48
.retries number 1 0 3
.power_cycle_after number 5 1 1000
.hold_s number 600 0 86400
.calibrate_t list []
.calibrate_h list []
actuator.pin number -1 -1 48
.follow text "class" class|limit
.on text "" 0 32
.active number 1 0 1
.safe text "off" off|on
outputs list []
limits.t list []
.h list []
confirm.need number 0 0 15
.of number 0 0 15
report list []
serial switch true
outbox number 300 10 2000
sleep switch false
report_every number 0 0 1440
spool_kb number 256 0 1024
update.secret text "" 0 64
"""
SECRET = ("password", "secret")
MASK = "***"


def settings():
    # yields [section or "", key, type, default, ...] of each
    at = 0
    above = ""
    while at < len(SETTINGS):
        end = SETTINGS.find("\n", at)
        words = SETTINGS[at:end].split(" ")
        section, point, key = words[0].rpartition(".")
        if point and not section:
            section = above
        above = section
        yield [section, key] + words[1:]
        at = end + 1


def together(full):
    # ValueError for what only the values together, or another part of core, can tell
    readers = []
    if full["report"]:
        from .gate import Gate

        readers.append(("report", Gate))
    if full["sensor"]["calibrate_t"] or full["sensor"]["calibrate_h"]:
        from .calibrate import calibrations

        readers.append(("sensor", calibrations))
    for key, read in readers:
        try:
            read(full[key])
        except ValueError as e:
            raise ValueError("%s: %s" % (key, e))
    if full["limits"]["t"] or full["limits"]["h"] or full["actuator"]["follow"] == "limit":
        from .limits import check

        check(full["limits"], full["actuator"])
    if full["outputs"]:
        from .outputcheck import check as check_outputs

        check_outputs(full)
    confirm = full["confirm"]
    if not confirm["of"] < 2 * confirm["need"] <= 2 * confirm["of"] and any(confirm.values()):
        raise ValueError(
            "confirm.need must be more than half of confirm.of, at most all (or both 0)"
        )
    if full["sleep"] and full["actuator"]["pin"] >= 0:
        raise ValueError("actuator.pin: a node that sleeps drives nothing")
    if 0 < full["spool_kb"] < 64:
        raise ValueError("spool_kb must be 64 or more, or 0 for none")
    for key in ("node", "base"):
        for c in "+#/" if key == "node" else "+#":
            if c in full[key]:
                raise ValueError("%s must not contain %s" % (key, c))
    secret = full["update"]["secret"]
    if secret and (len(secret) != 64 or secret.strip("0123456789abcdef")):
        raise ValueError("update.secret must be 64 hex digits")
    check_period(full["period_ms"])


def check_period(period_ms):
    if period_ms and period_ms < 2000:
        raise ValueError("period_ms must be 2000 or more, a DHT22 needs 2 s between reads")
