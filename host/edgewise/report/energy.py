"""Calculate the charge that a node on a battery uses in a day, and how much its classifier saves.

The result comes from stated assumptions, not from a measurement: docs/battery.md explains how to
replace each assumption by a figure of a board.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from edgenode.core import decide, kept, packed
from edgenode.core.detector import Detector
from edgenode.core.learn import Learner
from edgenode.core.outlook import Outlook
from edgenode.core.pipeline import Pipeline
from edgenode.core.plausible import Plausible
from edgenode.core.temporal import Temporal
from edgewise.features.table import Filters

__all__ = ["ASSUMED", "SOURCES", "Assumptions", "battery", "day_mah", "readings_kept"]

_DAY_S = 86400.0
CONFIRM_NEED, CONFIRM_OF = decide.rule({"need": 0}, {})  # of a model without a memory
EVERY_NTH = 10
# RTC memory of a sleeping node beside its pipeline: its figures, the rule, events, network, outbox
_NODE_BYTES = 192
_MINUTE_MS = 60_000  # what a node keeps of its learning does not depend on the period


@dataclass(frozen=True)
class Assumptions:
    """Currents in mA, times in s, charge in mAh; each with its source in ``SOURCES``."""

    boot_s: float = 0.64
    wake_reads: int = 567
    wake_bytes: int = 55_600
    flash_read_s: float = 95e-6
    flash_byte_s: float = 0.1e-6
    code_bytes: int = 38_300
    load_byte_s: float = 5.6e-6
    dht_read_s: float = 0.27
    decide_s: float = 0.29
    keep_s: float = 0.02
    cpu_ma: float = 43.0
    radio_s: float = 0.77
    radio_dhcp_s: float = 1.6
    radio_ma: float = 120.0
    sensor_s: float = 2.0
    sensor_ma: float = 1.5
    standby_ma: float = 0.05
    sleep_module_ma: float = 0.01
    sleep_board_ma: float = 11.4
    battery_mah: float = 2000.0
    usable: float = 0.8

    @property
    def imports_s(self) -> float:
        """Seconds of a wake until its files are read and loaded."""
        read_s = self.wake_reads * self.flash_read_s + self.wake_bytes * self.flash_byte_s
        return read_s + self.code_bytes * self.load_byte_s

    @property
    def wake_s(self) -> float:
        """Seconds of a wake with the radio off."""
        return self.boot_s + self.imports_s + self.dht_read_s + self.decide_s + self.keep_s


ASSUMED = Assumptions()
SOURCES = {
    "boot_s": "from waking to main.py, file system mounted: measured on an ESP32-S3, MicroPython "
    "1.19 (glenn20/upy-esp32-experiments); a third is the check of the firmware",
    "wake_reads": "reads of the flash, all files: counted for models/occupancy (edgewise bench "
    "--start), some 80 of them before main.py, so they are in boot_s too",
    "wake_bytes": "bytes of these reads, counted with them",
    "flash_read_s": "a read without its bytes: measured on an ESP32 by ESP-IDF's maintainers "
    "(espressif/esp-idf #3277: 736 reads of 145 bytes in 80.9 ms, 39,272 of 121 in 4.22 s); "
    "0.08 ms from the limits of their own tests; edgewise bench --port measures it",
    "flash_byte_s": "two lines at 40 MHz, and the difference of the two figures in esp-idf #3277; "
    "edgewise bench --port measures it",
    "code_bytes": "the file node, which a wake imports",
    "load_byte_s": "from a file to objects: 2,422 bytes in 10.2 ms on a pyboard (micropython "
    "#12678, core_import_mpy_single); an ESP32 takes 1.32 times as long (seven scores in #7850); "
    "may be half or twice as much; edgewise bench --port measures it",
    "dht_read_s": "MicroPython's drivers/dht/dht.c: waits 250 ms, calls for 18 ms, receives for 5",
    "decide_s": "settings, model and memory to objects, checks, class: 4.1 ms in the unix port, "
    "whose scores are 71 times those of an ESP32 (nine scores in micropython #7850); may be half "
    "or twice as much; edgewise bench --port measures it",
    "keep_s": "2,048 bytes with their CRC-32 into RTC memory, begin of sleep: estimated from the "
    "unix port",
    "cpu_ma": "awake without radio: measured on an ESP32-DevKitC V4 (lucidar.me); ESP32 "
    "datasheet: 30 to 68 at 240 MHz",
    "radio_s": "static address, the whole of the best published wake-to-publish time on top of "
    "boot_s: on the safe side",
    "radio_dhcp_s": "the same with DHCP",
    "radio_ma": "mean while connecting: ESP32 datasheet, 95 to 100 receiving, 190 to 240 sending",
    "sensor_s": "a DHT22 measures for so long (AM2302 datasheet: 2 s between reads)",
    "sensor_ma": "AM2302 datasheet, measuring",
    "standby_ma": "AM2302 datasheet, standby; 0 when a GPIO feeds the sensor",
    "sleep_module_ma": "ESP32 datasheet, deep sleep with RTC timer and RTC memory",
    "sleep_board_ma": "measured on an ESP32-DevKitC clone with AMS1117 and power LED "
    "(kohacraft.com); DevKitC V4: 3.8 (lucidar.me)",
    "battery_mah": "a common 18650 or LiPo cell",
    "usable": "share of it above the regulator's drop-out, cold and self-discharge included",
}


def day_mah(
    period_s: float,
    reports_a_day: float,
    sleep_ma: float,
    assumed: Assumptions = ASSUMED,
    radio_s: float | None = None,
) -> float:
    """Return the mAh a day of a node that wakes every ``period_s``.

    ``reports_a_day``: how often it turns the radio on; ``radio_s``: how long for each report, by
    default the time with a static address.
    """
    a = assumed
    wakes = _DAY_S / period_s
    cpu_s = wakes * a.wake_s
    on_s = reports_a_day * (a.radio_s if radio_s is None else radio_s)
    asleep_s = max(_DAY_S - cpu_s - on_s, 0.0)
    sensor_mas = wakes * a.sensor_s * a.sensor_ma + _DAY_S * a.standby_ma
    return (cpu_s * a.cpu_ma + on_s * a.radio_ma + asleep_s * sleep_ma + sensor_mas) / 3600


def readings_kept(
    features: list[str], filters: Filters, heads: Mapping[str, Any] | None = None, classes: int = 0
) -> int:
    """Return how many readings fit into the RTC memory beside the windows of such a model.

    ``heads``: of the model, with so many ``classes``.
    """
    heads = heads or {}
    state = (
        kept.HEAD_BYTES
        + _NODE_BYTES
        + (Temporal(heads["temporal"], classes).kept_bytes if "temporal" in heads else 0)
        + (Outlook(heads["next"], None, 1).kept_bytes if "next" in heads else 0)
        + Plausible.kept_bytes
        + Pipeline(features, filters).kept_bytes
    )
    if "detector" not in heads:
        return int((kept.END - state) // packed.READING_BYTES)
    detector = Detector(heads["detector"], features)
    events = packed.PackedEvents([], detector).kept_bytes - packed.PackedEvents([]).kept_bytes
    state += detector.kept_bytes + events
    if "learn" in heads:
        state += Learner(heads["learn"], detector, _MINUTE_MS).kept_bytes
    return int((kept.END - state) // packed.PackedOutbox([], True).reading_bytes)


def battery(
    info: Mapping[str, Any], changes_a_day: float | None, assumed: Assumptions = ASSUMED
) -> dict[str, Any]:
    """Return the figures for model.json ``info`` as plain JSON.

    ``changes_a_day``: confirmed changes of the class on the test part; None without a test part.
    Keys: ``period_s``; ``rules``, each with rule, reports_a_day, and mah_a_day and days for module
    and board, None where the changes are not known; ``readings_kept``; ``changes_a_day``;
    ``assumed``.
    """
    period_s = info["period_ms"] / 1000
    wakes = _DAY_S / period_s
    heads, classes = info.get("heads"), len(info.get("classes", []))
    capacity = readings_kept(info["features"], info["filters"], heads, classes)
    # A change can also fall on a full memory, so the sum of both is an upper bound.
    on_change = None if changes_a_day is None else min(wakes, changes_a_day + wakes / capacity)
    on_nth = None if changes_a_day is None else min(wakes, changes_a_day + wakes / EVERY_NTH)
    reports = {
        "every reading": wakes,
        f"every {EVERY_NTH}th reading and changes": on_nth,
        "class changes only": on_change,
    }
    return {
        "period_s": period_s,
        "readings_kept": capacity,
        "changes_a_day": changes_a_day,
        "rules": [_rule(rule, n, period_s, assumed) for rule, n in reports.items()],
        "assumed": {
            f.name: {"value": asdict(assumed)[f.name], "source": SOURCES[f.name]}
            for f in fields(assumed)
        },
    }


def _rule(rule: str, reports: float | None, period_s: float, assumed: Assumptions) -> Any:
    figures: dict[str, Any] = {"rule": rule, "reports_a_day": reports}
    hardware = {"module": assumed.sleep_module_ma, "board": assumed.sleep_board_ma}
    for name, sleep_ma in hardware.items():
        mah = None if reports is None else day_mah(period_s, reports, sleep_ma, assumed)
        days = None if mah is None else assumed.battery_mah * assumed.usable / mah
        figures[name] = {"mah_a_day": mah, "days": days}
    return figures
