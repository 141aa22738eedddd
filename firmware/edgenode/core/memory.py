"""RAM is short: modules that are used now and then leave it until the next import."""

import sys

# a text: a tuple of names would take twice as much
NOW_AND_THEN = """edgenode.start.heap
edgenode.start.wiring
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
# parts of these for finish(): they go one after the other in a start
SETTINGS = """edgenode.settings.config
edgenode.settings.sealed
edgenode.settings.trial
edgenode.core.settings
"""
LOADING = """edgenode.start.model
edgenode.core.compact_json
edgenode.core.loader
edgenode.core.walk
"""
BUILDING = """edgenode.start.model
edgenode.start.network
edgenode.start.once
edgenode.start.pins
edgenode.start.sensing
edgenode.start.wiring
edgenode.core.catalogue
edgenode.core.choice
edgenode.core.compact_json
edgenode.core.filters
edgenode.core.loader
edgenode.core.program
edgenode.core.walk
"""


def clear_stack(depth=12):
    # What a call leaves there looks like pointers to what it used: 7 KB stayed after an import.
    if depth:
        clear_stack(depth - 1)


def finish(names):
    # Of modules that nothing runs any more: what the stack still has of them keeps little then. A
    # function of theirs that stays finds none of its module's names.
    for name in names.split():
        module = sys.modules.pop(name, None)
        if module:
            module.__dict__.clear()
            # else the next import would find it there, without a bundle
            package, _, leaf = name.rpartition(".")
            if package in sys.modules:
                sys.modules[package].__dict__.pop(leaf, None)


def drop():
    for name in NOW_AND_THEN.split():
        if name in sys.modules:
            sys.modules[name] = None  # a free place in the table keeps its value
            del sys.modules[name]
