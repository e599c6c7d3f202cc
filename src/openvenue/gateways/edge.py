"""What a proxy before a service answers when the service does not: a page, in no API's words."""

from http import HTTPStatus

from openvenue.gateways.wire import Response


def edge_page(status: int) -> Response:
    """A page of HTML as proxies give it; clients that expect JSON choke on it, as they do live."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, page.encode(), "text/html")
