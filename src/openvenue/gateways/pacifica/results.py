"""What an operation came to, as HTTP and the socket say it."""

from collections.abc import Mapping

from msgspec import Struct


class Named(Struct, frozen=True):
    """An order that was placed or canceled, by the names that its owner used."""

    symbol: str
    order_id: int | None
    client_order_id: str | None
    is_new: bool = False

    def for_rest(self) -> Mapping[str, object] | None:
        """`data` over HTTP."""
        return {"order_id": self.order_id} if self.is_new else None

    def for_socket(self) -> Mapping[str, object]:
        """`data` over the socket."""
        return {"I": self.client_order_id, "i": self.order_id, "s": self.symbol}


class Count(Struct, frozen=True):
    """How many orders ended."""

    canceled: int

    def for_rest(self) -> Mapping[str, object] | None:
        """`data` over HTTP."""
        return {"cancelled_count": self.canceled}

    def for_socket(self) -> Mapping[str, object]:
        """`data` over the socket."""
        return {"cancelled_count": self.canceled}


class Nothing(Struct, frozen=True):
    """It was done, and there is nothing to say about it."""

    def for_rest(self) -> Mapping[str, object] | None:
        """`data` over HTTP."""
        return None

    def for_socket(self) -> Mapping[str, object]:
        """`data` over the socket."""
        return {}
