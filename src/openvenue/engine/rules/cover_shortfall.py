"""What a wallet owes once nothing is open: its own coins pay first, then the insurance fund.

Money that carries positions is worth its index less a haircut; what is sold to pay a debt brings
the index less the currency's conversion spread. Nobody keeps coins that the fund has paid for.
Source: Kraken Futures, "Multi-collateral derivatives", conversions; "Equity Protection Process".
"""

from openvenue.engine.accounts import Wallet
from openvenue.engine.events import Converted, Event, ShortfallCovered
from openvenue.engine.units import AccountId, Atoms, FinePrice, Ppb


def cover_shortfall(account_id: AccountId, wallet: Wallet) -> list[Event]:
    """Converted for each currency that has to be sold, then ShortfallCovered for what is missing.

    Nothing while a position is open, and nothing while what is there counts for more than is owed:
    then the debt stays, on the strength of the coins.
    """
    purpose = wallet.purpose
    settlement = purpose.settlement
    if settlement is None or any(each.quantity for each in wallet.positions):
        return []
    worth = wallet.collateral()
    if worth >= 0:
        return []
    events: list[Event] = []
    owed = -wallet.balance(settlement)
    for counted in purpose.counted.values():  # in the order of their listing
        held = wallet.balance(counted.asset)
        if owed <= 0:
            break
        if held <= 0 or counted.price == 0:
            continue
        paid = min(held, counted.amount_to_raise(owed, purpose.scale))
        bought = counted.sold_for(paid, purpose.scale)
        if bought == 0:
            continue
        before = counted.collateral(held, purpose.scale)
        worth += bought + counted.collateral(held - paid, purpose.scale) - before
        owed -= bought
        events.append(
            Converted(
                account=account_id,
                wallet=wallet.wallet_id,
                asset=settlement,
                bought=Atoms(bought),
                paid_in=counted.asset,
                paid=Atoms(paid),
                price=FinePrice(counted.price),
                spread=Ppb(counted.spread),
            )
        )
    if worth < 0:
        events.append(
            ShortfallCovered(
                account=account_id,
                wallet=wallet.wallet_id,
                asset=settlement,
                amount=Atoms(-worth),
            )
        )
    return events
