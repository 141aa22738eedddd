from edgenode.errors import ConfigError
from edgenode.settings import config


def catch_error(settings):
    try:
        config.check(settings)
    except ConfigError as e:
        return str(e)
    raise AssertionError("accepted: %r" % (settings,))


def test_defaults_are_filled_in():
    settings = config.check({"mqtt": {"host": "broker"}})
    assert settings["base"] == "edgewise"
    assert settings["mqtt"]["host"] == "broker"
    assert settings["mqtt"]["port"] == 1883
    assert settings["confirm"] == {"need": 0, "of": 0}


def test_unknown_keys_are_named():
    assert "config: wlan is not known" in catch_error({"wlan": {}})
    assert "config: mqtt.hots is not known; known are" in catch_error({"mqtt": {"hots": "x"}})


def test_wrong_types_are_named():
    assert catch_error({"base": 3}) == "config: base must be text"
    assert catch_error({"mqtt": {"port": "1883"}}) == "config: mqtt.port must be a number"
    assert catch_error({"mqtt": {"port": True}}) == "config: mqtt.port must be a number"
    assert catch_error({"mqtt": "host"}) == "config: mqtt must be an object"
    assert catch_error([]) == "config: the file must be an object"


def test_values_out_of_range_are_named():
    assert catch_error({"mqtt": {"port": 0}}) == "config: mqtt.port must be 1..65535"
    assert (
        catch_error({"wifi": {"ssid": "x" * 33}}) == "config: wifi.ssid must be 0..32 characters"
    )
    assert "need" in catch_error({"confirm": {"need": 2, "of": 4}})
    assert "need" in catch_error({"confirm": {"need": 4, "of": 3}})
    assert "DHT22" in catch_error({"period_ms": 1999})


def test_topic_characters_are_refused():
    assert catch_error({"node": "a/b"}) == "config: node must not contain /"
    assert catch_error({"base": "a/#"}) == "config: base must not contain #"
    assert config.check({"base": "house/edgewise"})["base"] == "house/edgewise"


SAFE = {
    "mqtt": {"host": "broker", "user": "n1", "password": "hidden", "tls": True},
    "wifi": {"ssid": "home", "password": "hidden too"},
    "update": {"secret": "0f" * 32},
}
CABLE_ONLY = (
    {"sleep": True},
    {"update": {"secret": "ee" * 32}},
    {"update": {"secret": ""}},
    {"mqtt": {"user": "n2"}},
    {"mqtt": {"password": "other"}},
    {"mqtt": {"tls": False}},
    {"mqtt": {"ca": "theirs.der"}},
    {"mqtt": {"cert": "theirs.der", "key": "theirs.key"}},
    {"mqtt": {"server_name": "theirs"}},
    {"mqtt": {"host": "theirs"}},
    {"mqtt": {"port": 1}},
    {"wifi": {"ssid": "theirs"}},
)


def order(old, change):
    # -> the error, None when the change is allowed
    new = config.merge(old, change)
    try:
        config.check_rights(config.check(old), config.check(new))
    except ConfigError as e:
        return str(e)


def test_keys_and_rights_change_over_the_cable_only():
    for change in CABLE_ONLY:
        error = order(SAFE, change)
        assert error is not None, change
        assert error.endswith(" changes over the cable only: edgewise deploy"), error


def test_the_rest_changes_by_an_order():
    assert order(SAFE, {"period_ms": 60000, "confirm": {"need": 2, "of": 3}}) is None
    assert order(SAFE, {"mqtt": {"keepalive_s": 30, "password": "***"}}) is None
    assert order(SAFE, {"wifi": {"ssid": "new", "password": "also new"}}) is None
    assert order({}, {"mqtt": {"host": "other", "port": 1884}}) is None
    assert order({}, {"wifi": {"ssid": "open"}}) is None
