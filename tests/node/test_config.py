from edgenode.errors import ConfigError
from edgenode.settings import config


def refused(given):
    try:
        config.check(given)
    except ConfigError as e:
        return str(e)
    raise AssertionError("accepted: %r" % (given,))


def test_defaults_are_filled_in():
    full = config.check({"mqtt": {"host": "broker"}})
    assert full["base"] == "edgewise"
    assert full["mqtt"]["host"] == "broker"
    assert full["mqtt"]["port"] == 1883
    assert full["confirm"] == {"need": 3, "of": 5}


def test_unknown_keys_are_named():
    assert "config: wlan is not known" in refused({"wlan": {}})
    assert "config: mqtt.hots is not known; known are" in refused({"mqtt": {"hots": "x"}})


def test_wrong_types_are_named():
    assert refused({"base": 3}) == "config: base must be text"
    assert refused({"mqtt": {"port": "1883"}}) == "config: mqtt.port must be a number"
    assert refused({"mqtt": {"port": True}}) == "config: mqtt.port must be a number"
    assert refused({"mqtt": "host"}) == "config: mqtt must be an object"
    assert refused([]) == "config: the file must be an object"


def test_values_out_of_range_are_named():
    assert refused({"mqtt": {"port": 0}}) == "config: mqtt.port must be 1..65535"
    assert refused({"wifi": {"ssid": "x" * 33}}) == "config: wifi.ssid must be 0..32 characters"
    assert "need" in refused({"confirm": {"need": 2, "of": 4}})
    assert "need" in refused({"confirm": {"need": 4, "of": 3}})
    assert "DHT22" in refused({"period_ms": 1999})


def test_topic_characters_are_refused():
    assert refused({"node": "a/b"}) == "config: node must not contain /"
    assert refused({"base": "a/#"}) == "config: base must not contain #"
    assert config.check({"base": "house/edgewise"})["base"] == "house/edgewise"
