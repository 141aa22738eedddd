"""Makes the client of a node whose readings go to a server, not to a broker."""

from ..core.url import split
from ..drivers import flash


def make_client(settings, name):
    given = settings["server"]
    scheme, server, port, path = split(given["url"])
    path = "%s/nodes/%s/" % (path, name)
    where = server, port, given["token"], path, "%s/%s/" % (settings["base"], name)
    if scheme == "coap":
        from ..link.coap import Client

        return Client(*where)
    from ..link.http import Client

    if scheme == "http":
        return Client(*where)
    from ..link import secure

    context = secure.context(flash.read, {"ca": given["ca"], "cert": ""})
    return Client(*where, (context, given["name"] or server))
