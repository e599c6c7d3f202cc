"""Clients of Pacifica: ccxt as its users have it, and the plain requests of the first documents."""

import json
import time
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from openvenue.exchange.keys import Wallet
from openvenue.gateways.pacifica.auth import sign
from openvenue.testing.server import Server

PATIENCE_S: Final = 20.0


def wallet_of(server: Server, account: str) -> Wallet:
    """An account's key pair."""
    wallet = server.key_file.accounts[account].pacifica
    assert wallet is not None
    return wallet


def ccxt_client(kind: Any, server: Server, account: str) -> Any:
    """A `pacifica` of ccxt, ccxt.async_support or ccxt.pro, with `urls` changed."""
    wallet = wallet_of(server, account)
    socket = server.base_url.replace("http", "ws", 1) + "/ws"
    return kind.pacifica(
        {
            "walletAddress": wallet.account,
            "privateKey": wallet.private_key,
            "enableRateLimit": False,
            "urls": {
                "api": {
                    "public": server.base_url,
                    "private": server.base_url,
                    "ws": {"public": socket},
                }
            },
        }
    )


class FirstClient:
    """What the first documents' Python example does: one JSON body, one answer read as it is."""

    def __init__(self, server: Server, account: str, agent: tuple[str, str] | None = None) -> None:
        self._base = server.base_url
        self._wallet = wallet_of(server, account)
        self._agent = agent  # address and private key, where somebody else signs

    def post(self, path: str, operation: str, payload: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer of a signed body."""
        body = {"account": self._wallet.account, "timestamp": time.time_ns() // 10**6, **payload}
        key = self._wallet.private_key
        if self._agent is not None:
            body["agent_wallet"], key = self._agent
        body["signature"] = sign(key, operation, body)
        return self._ask(path, json.dumps(body).encode())

    def get(self, path: str) -> Any:
        """The answer to a question."""
        return self._ask(path.replace("ACCOUNT", self._wallet.account), None)[1]

    def _ask(self, path: str, body: bytes | None) -> tuple[int, Any]:
        request = Request(self._base + path, body, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read())
