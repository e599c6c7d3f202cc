"""What is not known about the real service, as one named set of answers.

Where the service's behaviour is not established, or was seen in two forms, the choice is a field
here. `DEFAULT` is what we believe; `docs/apis/kraken-spot.md` lists every field.
"""

from typing import Final, Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consistent set of answers to what is open."""

    name: str = "default"
    below_minimum: Literal[
        "EGeneral:Invalid arguments:volume minimum not met", "EOrder:Order minimum not met"
    ] = "EGeneral:Invalid arguments:volume minimum not met"
    bad_order_token: Literal["EAPI:Invalid token", "ESession:Invalid session"] = (
        "EAPI:Invalid token"
    )
    validated_order_id: bool = True  # `"order_id":""` in the answer to a validated order
    strict_cl_ord_ids: bool = False  # free ones: lower case letters and digits alone
    with_fees: bool = True  # fee schedules in AssetPairs; recordings of late 2026 have none
    depth_volume_decimals: int = 3  # of the volumes in REST Depth
    version: str = "2.0.10"  # what `status` says
    token_seconds: int = 900
    heartbeat_ms: int = 1_000
    idle_seconds: int = 60  # without a word from the client: the socket closes
    max_rate_count: int = 125


DEFAULT: Final = Profile()
