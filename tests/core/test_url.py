# Addresses of servers: what a node takes apart, and what it refuses.
from edgenode.core.url import check, split

TOKEN = "0123456789abcdef"


def test_addresses_are_taken_apart():
    for url, parts in (
        ("http://pi", ("http", "pi", 80, "")),
        ("https://pi.local/", ("https", "pi.local", 443, "")),
        ("https://10.0.0.9:8443/green/house//", ("https", "10.0.0.9", 8443, "/green/house")),
        ("coap://pi", ("coap", "pi", 5683, "")),
    ):
        assert split(url) == parts


def test_what_is_no_address_is_refused():
    for url in (
        "",
        "pi.local",
        "http://",
        "http:///x",
        "ftp://pi",
        "https://pi:",
        "https://pi:x",
        "https://pi:0",
        "https://pi:99999/",
        "https://me:secret@pi/",
        "https://pi/?x=1",
        "https://pi/#x",
        "https://pi/a b",
        "https://pi/a\r\nX: y",
        "https://pi/a%20b",
        "https://[::1]:8081",
        "https://h\xe4uschen.lan",
        "coaps://pi",
    ):
        try:
            split(url)
        except ValueError:
            continue
        raise AssertionError(url)


def refusal(uplink, url, token=TOKEN):
    try:
        check(uplink, {"url": url, "token": token})
    except ValueError as e:
        return str(e)
    return ""


def test_scheme_and_token_fit():
    assert not refusal("http", "http://pi") + refusal("http", "https://pi")
    assert not refusal("coap", "coap://pi")
    for uplink, url in (("http", "coap://pi"), ("coap", "http://pi"), ("coap", "https://pi")):
        assert refusal(uplink, url).startswith("server.url must be " + uplink)
    for token in ("", "short", "0123456789abcde", TOKEN + "\r\nX: y", TOKEN + "\xe4", TOKEN + " "):
        assert refusal("http", "http://pi", token).startswith("server.token must be 16 or more")
