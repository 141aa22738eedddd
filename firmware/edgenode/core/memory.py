"""RAM is short: modules that are used now and then leave it until the next import."""

import sys

# a text: a tuple of names would take twice as much
NOW_AND_THEN = """edgenode.start.wiring
edgenode.start.model
edgenode.start.network
edgenode.start.once
edgenode.start.pins
edgenode.start.server
edgenode.start.sensing
edgenode.sleep.wiring
edgenode.settings.config
edgenode.settings.sealed
edgenode.settings.trial
edgenode.commands.control
edgenode.update.install
edgenode.link.dns
edgenode.link.secure
edgenode.link.sntp
edgenode.link.udp
edgenode.link.update
edgenode.core.calibrate
edgenode.core.catalogue
edgenode.core.choice
edgenode.core.compact_json
edgenode.core.filters
edgenode.core.headcheck
edgenode.core.loader
edgenode.core.netcheck
edgenode.core.outputcheck
edgenode.core.program
edgenode.core.settings
edgenode.core.signed
edgenode.core.spec
edgenode.core.url
edgenode.core.walk
"""


def drop():
    for name in NOW_AND_THEN.split():
        sys.modules.pop(name, None)
