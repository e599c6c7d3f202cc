"""What is not known about the real service, as one named set of answers.

`DEFAULT` is what we believe, or what most clients can read; `docs/apis/coinapi-ems.md` lists every
field.
"""

from typing import Final, Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consistent set of answers to what is open."""

    name: str = "default"
    # Of 490 and 504. The published contract misspells it, and no value suits the vendor's own
    # Python client, which raises on both.
    reject_content_type: Literal["application/json", "appliction/json"] = "application/json"
    balances_as_recorded: bool = False  # `type` and `id`, seen once in a real answer
    # What a cancel-all's success looks like: since 2021 the contract shows a reject in its place.
    # "plain" and "severity" are the forms of June 2020 and of July 2020 to July 2021.
    ok_form: Literal["message", "plain", "severity"] = "message"
    has_order_log: bool = True  # false: the history answers as an installation without one
    with_time_order: bool = False  # a member that one generated client needs and another refuses


DEFAULT: Final = Profile()
