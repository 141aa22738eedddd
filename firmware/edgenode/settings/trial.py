"""A new configuration is on trial: confirmed after a minute of work with the broker, or undone."""

import json
from binascii import crc32

from ..core.compat import const
from ..errors import ConfigError
from . import sealed

_PATH = "config.json"
_TRIAL = "trial"
_LIMIT_S = const(180)


class Trial:
    # store: drivers.flash
    def __init__(self, store, log):
        self._store = store
        self._log = log
        self._name = None  # id of the command, as JSON; None: no trial
        self.verdict = None  # (name, error or None) to be told once connected

    def load(self, bad):
        # -> the checked settings. bad: how many starts in a row were bad.
        self._note()
        if bad:
            self.undo("the node did not start with it")
        text = self._text()
        if self._name is not None and crc32(text.encode()) != self._crc:
            self._name, self.verdict = None, (self._name, "not applied: the power was cut")
        from . import config  # large, and used now and then

        return config.check(self._object(text))

    @property
    def open(self):
        # whether there is something to confirm or to tell
        return self._name is not None or self.verdict is not None

    def read(self):
        # -> config.json as it was written, without the defaults
        return self._object(self._text())

    def _object(self, text):
        try:
            return json.loads(text)
        except ValueError:
            raise ConfigError("%s is not JSON" % _PATH)

    def _text(self):
        try:
            text, fell_back = sealed.read(self._store, _PATH)
        except OSError as e:
            raise ConfigError("%s cannot be read (%s); put it on the board" % (_PATH, e))
        if fell_back:
            self._log("config: %s is damaged, the previous one is used" % _PATH)
        return text

    def _note(self):
        try:
            self._name, self._crc, error = json.loads(self._store.read(_TRIAL))
        except (OSError, TypeError, ValueError):
            return
        if error:
            self.verdict = self._name, error
            self._name = None

    def begin(self, change, name):
        # ConfigError: refused, nothing is written. Takes effect with the next start.
        text = self._check(change)
        note = json.dumps([name, crc32(text.encode()), None])
        self._store.write(_TRIAL, note.encode())
        sealed.write(self._store, _PATH, text)

    def keep(self, key, value):
        # Without a trial: what cannot cut the node off. The RAM has no room for more than this.
        self._refuse_second()
        from . import config

        config.check_one(key, value)
        new = self.read()
        new[key] = value
        sealed.write(self._store, _PATH, json.dumps(new))

    def _refuse_second(self):
        if self._name is not None:
            raise ConfigError("another change is on trial")

    def _check(self, change):
        self._refuse_second()
        from . import config

        new = self.read()
        guarded = config.guarded(config.check(new))
        new = config.merge(new, change)
        config.check_rights(guarded, config.check(new))
        return json.dumps(new)

    def step(self, uptime_s, proved, connected):
        # -> True when the node has to start again with the previous configuration
        if self._name is None:
            return False
        if proved and connected:
            self.verdict = self._name, None
            self._name = None
        elif uptime_s > _LIMIT_S:
            return self.undo("no connection within %d s" % _LIMIT_S)
        return False

    def forget(self):
        self.verdict = None
        self._store.remove(_TRIAL)

    def undo(self, why):
        # -> whether one was on trial; the one before it is used from the next start on
        if self._name is None:
            return False
        self._store.restore(_PATH)
        error = "rolled back: %s" % why
        self._store.write(_TRIAL, json.dumps([self._name, 0, error]).encode())
        self.verdict = self._name, error
        self._name = None
        self._log("config: " + error)
        return True
