"""A world file says what it means, or the venue does not start and says why."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from openvenue.exchange.config import ConfigError, load_world, parse_world

DEFAULT = (resources.files("openvenue.exchange") / "worlds" / "default.toml").read_text("utf-8")


def changed(pattern: str, replacement: str) -> str:
    """The default world with the first match of `pattern` replaced."""
    text, count = re.subn(pattern, replacement, DEFAULT, count=1, flags=re.MULTILINE)
    assert count == 1, f"{pattern!r} is not in the default world"
    return text


def test_the_default_world_lists_the_contracts_it_promises() -> None:
    """Clients that know the real service look for these names first."""
    venue = load_world().venues.kraken_futures

    assert [each.symbol for each in venue.instruments] == [
        "PF_XBTUSD",
        "PF_ETHUSD",
        "PF_SOLUSD",
        "PI_XBTUSD",
        "PI_ETHUSD",
        "FI_XBTUSD_YYMMDD",
    ]


def test_clients_sign_for_two_accounts_and_nobody_for_the_crowd() -> None:
    """A key for the crowd would let a client trade with bottomless money."""
    assert load_world().key_holders == ["primary", "secondary"]


def test_numbers_keep_the_digits_of_the_file() -> None:
    """A tick of 0.1 that went through a binary fraction is not on its own grid."""
    world = parse_world(changed(r"^tick_size = 0\.1$", "tick_size = 0.10"), "mine")

    tick = world.venues.kraken_futures.instruments[1].tick_size
    assert str(tick) == "0.10"
    assert tick == Decimal("0.1")


def test_a_date_may_be_written_out() -> None:
    """Whoever needs a certain expiry does not wait for our choice of quarter."""
    text = changed(
        r'"FI_XBTUSD_YYMMDD"\nexpires_by = "next-quarter"',
        '"FI_XBTUSD_270326"\nexpires = 2027-03-26T15:00:00Z',
    )

    dated = parse_world(text, "mine").venues.kraken_futures.instruments[-1]

    assert dated.expires == datetime(2027, 3, 26, 15, tzinfo=UTC)


MISTAKES = [
    (r"^limits = .*$", 'limits = "none"', "limits: Invalid enum value 'none'"),
    (r"^limits = ", "limts = ", "unknown field `limts`"),
    (r"^floor_bytes = .*$", "floor_bytes = -1", "floor_bytes is negative"),
    (r"^max_open_orders = 2000$", "max_open_orders = 0", "must be at least 1"),
    (r"parts = 4, tries = 3", "parts = 3, tries = 4", "no more tries than parts"),
    (r"fee = 0.005 }", "fee = 5 }", "a share of a rung must be from 0 to 1"),
    (r'kind = "assignment" }', 'kind = "backstop" }', "a backstop, and nothing else, has an"),
    (
        r'kind = "assignment" }',
        'kind = "backstop", account = "nobody" }',
        "'nobody' is not among the accounts",
    ),
    (r'^ladder = "multi-collateral"$', 'ladder = "steep"', "'steep' is not among the ladders"),
    (r'^ladder = "multi-collateral"$', "settles_over_minutes = -1", "must not be negative"),
    (r'^ladder = "multi-collateral"$', "hold_ms = -1", "hold_ms must be from 0 to 500"),
    (r'^ladder = "multi-collateral"$', "hold_ms = 501", "hold_ms must be from 0 to 500"),
    (r'^ladder = "multi-collateral"$', "mark_smoothing_seconds = 0", "must be from 1 to 86400"),
    (r"^tick_size = 1$", 'tick_size = "one"', "instruments[0].tick_size: Invalid decimal"),
    (r"^tick_size = 1$", "tick_size = 0", "(PF_XBTUSD): tick_size must be above 0"),
    (r"^tick_size = 1$", "tick_size = nan", "(PF_XBTUSD): tick_size must be above 0"),
    (r"^tick_size = 1$", "tick_size = 3", "max_price is not a multiple of tick_size"),
    (r"^lot_size = 0\.0001$", "lot_size = 0.000000001", "not a whole number of atoms of USD"),
    (r"^impact_size = 0\.006$", "impact_size = 0.00605", "impact_size is not a multiple"),
    (r'^settlement = "USD"$', 'settlement = "GBP"', "'GBP' is not among the assets"),
    (r'^settlement = "USD"$', 'settlement = "XBT"', "settles in its quote asset"),
    (r'^settlement = "XBT"$', 'settlement = "USD"', "settles in its base asset"),
    (r'^index = "ETH:USD"$', 'index = "ETH:EUR"', "'ETH:EUR' is not among the indices"),
    (r'^fees = "standard"$', 'fees = "vip"', "'vip' is not among the fee schedules"),
    (r'^margin = "linear-class-a"$', 'margin = "b"', "'b' is not among the margin schedules"),
    (r'^kind = "linear"$', 'kind = "option"', "instruments[0].kind: Invalid enum value"),
    (r'^symbol = "PF_ETHUSD"$', 'symbol = "PF_XBTUSD"', "repeats the name 'PF_XBTUSD'"),
    (r'^expires_by = "next-quarter"$', "", "has YYMMDD if, and only if, it has expires_by"),
    (r'asset = "USD", amount = 1_000_000 ', 'asset = "USD", amount = 0 ', "must be above 0"),
    (r"amount = 20 ", "amount = 0.00000000001 ", "not a whole number of atoms of XBT"),
    (r'name = "USD", scale = 8', 'name = "USD", scale = 99', "scale must be from 0 to 18"),
    (r"^  \{ above = 500_000, initial = 0\.04, maintenance = 0\.02 \},$",
     "  { above = 0, initial = 0.04, maintenance = 0.02 },", "levels must rise from 0"),
    (r"above = 0, initial = 0\.02, maintenance = 0\.01", "above = 0, initial = 0.02, "
     "maintenance = 0.03", "has maintenance above initial"),
    (r'^taker = "crowd-taker"$', 'taker = "nobody"', "'nobody' is not among the accounts"),
    (r'^taker = "crowd-taker"$', 'taker = "crowd-maker"', "of one family"),
    (r"^\[venues\.kraken-futures\]$", "[venues.kraken-futurs]", "unknown field `kraken-futurs`"),
    (r"^limits = ", "limits == ", "is not TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "replacement", "message"), MISTAKES)
def test_a_mistake_is_told_in_one_sentence_that_says_where(
    pattern: str, replacement: str, message: str
) -> None:
    """People read one line of what stopped their venue, and mend it without our source."""
    text = changed(pattern, replacement)

    with pytest.raises(ConfigError) as caught:
        parse_world(text, "mine.toml")

    said = str(caught.value)
    assert said.startswith("mine.toml")
    assert message in said
    assert "\n" not in said
    assert said.endswith(".")


def test_only_who_answers_after_a_hold_may_hold() -> None:
    """The others have no answer that comes later."""
    spot = resources.files("openvenue.exchange") / "worlds" / "kraken_spot.toml"
    table = "[[venues.kraken-spot.instruments]]"
    text = spot.read_text("utf-8").replace(table, f"{table}\nhold_ms = 20", 1)

    with pytest.raises(ConfigError, match="only kraken-futures and pacifica answer"):
        parse_world(f"{DEFAULT}\n{text}", "mine.toml")

    text = changed(r'^ladder = "multi-collateral"$', "hold_ms = 20")
    assert parse_world(text, "mine.toml").venues.kraken_futures.instruments[0].hold_ms == 20


def test_a_file_that_is_not_there_is_a_mistake_like_others(tmp_path: Path) -> None:
    """The name of the file is what its owner has to see."""
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load_world(tmp_path / "none.toml")


def test_a_file_in_another_encoding_is_a_mistake_like_others(tmp_path: Path) -> None:
    """TOML is UTF-8; anything else would put wrong letters into names."""
    path = tmp_path / "latin.toml"
    path.write_bytes('limits = "pröduction"'.encode("latin-1"))

    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_world(path)
