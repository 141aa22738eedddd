"""Obeys commands and answers each; comes into RAM with the first one and leaves it again."""

import gc
import json

from ..core.compat import const
from ..core.memory import drop
from ..drivers import flash
from ..errors import FAULTS, NodeError

_COUNTER = "orders"
_ID_MAX = const(64)
_PERIOD_S = const(60)
_HOWS = ("on", "off", "auto")


def run_command(board, verb, payload, retained):
    # board: main.Board
    try:
        verb, name, given = _parse(verb, payload, retained)
    except FAULTS:  # RuntimeError: lists in lists in lists
        board.refused += 1
        return
    try:
        if verb not in _VERBS:
            raise NodeError("known are " + ", ".join(sorted(_VERBS)))
        value = given.get("value")
        if board.signed and _changes(verb, value):
            _check(board, verb, given, payload)
        text = _VERBS[verb](board, value, name)
    except FAULTS as e:
        _answer(board, verb, name, str(e) or repr(e))
    else:
        if text is not False:
            _answer(board, verb, name, None, text)


def _parse(verb, payload, retained):
    # -> verb, id as JSON, the object. ValueError: there is nobody to answer.
    verb = str(verb, "utf-8")
    given = json.loads(payload)
    name = given.get("id") if isinstance(given, dict) else None
    text = json.dumps(name)
    waits = retained and verb != "stay-awake"  # which may, for a sleeping node
    if waits or type(name) not in (str, int) or len(text) > _ID_MAX:
        raise ValueError
    return verb, text, given


def _answer(board, verb, name, error=None, value=None):
    # name, value: JSON; of a long value a function that yields it in pieces
    def pieces():
        yield '{"id":%s,"ok":%s,"error":' % (name, "false" if error else "true")
        yield json.dumps(error)
        if value is not None:
            yield ',"value":'
            if isinstance(value, str):
                yield value
            else:
                yield from value()
        yield "}"

    # Made twice, because all of them and their sum find no room in the RAM.
    answer = bytearray(sum(len(piece.encode()) for piece in pieces()))
    at = 0
    for piece in pieces():
        data = piece.encode()
        answer[at : at + len(data)] = data
        at += len(data)
    board.link.answer("cmd/%s/result" % verb, answer)


def _changes(verb, value):
    # whether the order changes something
    if verb in ("config", "learn", "model"):
        return value not in (None, "status")
    return verb not in ("ping", "diag", "log", "stay-awake")


def _check(board, verb, given, payload):
    # NodeError unless the order is signed with the node's key, and new.
    from ..core import signed

    code, counter = str(given.get("hmac")), given.get("counter")
    if type(counter) is not int:
        raise NodeError("not signed: this node has a key")
    head, _, tail = str(payload, "utf-8").rpartition('"hmac"')
    if tail.replace(" ", "") != ':"%s"}' % code:
        raise NodeError("hmac is not last")
    right = signed.sign(board.secret(), "edgewise-command-1", board.name, verb, head)
    same = signed.equal(right, code)
    del signed
    drop()
    gc.collect()
    if not same:
        raise NodeError("wrong key")
    try:
        last = int(flash.read(_COUNTER))
    except (OSError, ValueError):
        last = 0
    if counter <= last:
        raise NodeError("counter %d is not above %d" % (counter, last))
    flash.write(_COUNTER, b"%d" % counter)


def send_verdict(board):
    # What became of the configuration that was on trial.
    name, error = board.trial.verdict
    _answer(board, "config", name, error)
    board.trial.forget()


def _trial(board):
    return board.trial or board.open_trial()


def _ping(board, value, name):
    return '{"uptime_s":%d}' % board.clock.uptime_s()


def _diag(board, value, name):
    return board.node.diag()


def _log(board, value, name):
    lines = board.journal.lines()

    def pieces():
        yield "["
        before = ""
        for line in lines:
            yield before + json.dumps(line)
            before = ","
        yield "]"

    return pieces


def _config(board, value, name):
    if value is None:
        from ..settings import config

        return json.dumps(config.masked(board.open_trial().read()))
    # answered when the node has worked with it for a minute, or went back
    _trial(board).begin(value, name)
    board.restart_soon()
    return False


def _period(board, value, name):
    trial, now_s = _trial(board), board.clock.uptime_s()
    if trial.read().get("period_ms", 0) == value:
        return
    # each change is a write to flash
    if now_s < board.period_s + _PERIOD_S:
        raise NodeError("one change a minute")
    trial.keep("period_ms", value)
    board.period_s = now_s
    board.node.set_period(value)


def _reboot(board, value, name):
    board.restart_soon()


def _safe(board, value, name):
    if not isinstance(value, bool):
        raise NodeError("value must be true or false")
    board.boot.want_safe(value)
    board.restart_soon()


def _actuator(board, value, name):
    # {"fan": "on"}: of the outputs that have a name
    many = isinstance(value, dict)
    for how in value.values() if many else (value,):
        if how not in _HOWS:
            raise NodeError("value must be on, off or auto")
    if not many:
        board.node.actuate(value)
        return
    if board.safe or not board.outputs:
        raise NodeError("no outputs in safe mode" if board.safe else "no outputs are set")
    switches = {switch.name: switch for switch in board.outputs.switches}
    for output in value:
        if output not in switches:
            known = ", ".join(sorted(switches))
            raise NodeError("no output is %s; known are %s" % (output, known))
    for output, how in value.items():
        switches[output].manual = None if how == "auto" else how == "on"


def _stay_awake(board, value, name):
    if type(value) is not int or not 0 <= value <= 1440:
        raise NodeError("value must be 0..1440 minutes")
    board.node.stay_awake(value)


def _model(board, value, name):
    if value == "rollback":
        if not board.roll_back():
            raise NodeError("there is no model before this one")
        board.restart_soon()
    elif value is None or value == "status":
        return json.dumps(board.model_status())
    else:
        raise NodeError("value must be status or rollback")


def _learn(board, value, name):
    learner = board.node.learner
    if learner is None:
        raise NodeError("the model does not learn on the node")
    if value == "reset":
        learner.reset()
    elif value is None or value == "status":
        return json.dumps(learner.status())
    else:
        raise NodeError("value must be status or reset")


_VERBS = {
    "ping": _ping,
    "diag": _diag,
    "learn": _learn,
    "log": _log,
    "config": _config,
    "period": _period,
    "reboot": _reboot,
    "safe": _safe,
    "actuator": _actuator,
    "stay-awake": _stay_awake,
    "model": _model,
}
