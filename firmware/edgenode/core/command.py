"""A command: the topic says what to do, a JSON object with whom and with which value."""

import json

from .compat import const

_ID_MAX = const(64)
RETAINED = "stay-awake"  # the only one that may wait for a sleeping node


def parse(verb, payload, retained):
    # -> verb, id as JSON, the object. ValueError: there is nobody to answer.
    verb = str(verb, "utf-8")
    if retained and verb != RETAINED:
        raise ValueError("%s is retained" % verb)
    given = json.loads(payload)
    if not isinstance(given, dict):
        raise ValueError("not an object")
    name = given.get("id")
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise ValueError("id is neither text nor number")
    name = json.dumps(name)
    if len(name) > _ID_MAX:
        raise ValueError("id is too long")
    return verb, name, given


def answer(name, error=None, value=None):
    # name, value: JSON
    text = '{"id":%s,"ok":%s,"error":%s' % (
        name,
        "false" if error else "true",
        json.dumps(error) if error else "null",
    )
    return text + (',"value":%s}' % value if value is not None else "}")
