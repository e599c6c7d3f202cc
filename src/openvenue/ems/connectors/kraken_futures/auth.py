"""How requests and challenges are signed.

Source: Kraken Futures REST, "Authentication"; WebSocket, "Challenge".
"""

import hashlib
import hmac
from base64 import b64encode


def sign(secret: bytes, path: str, nonce: str, arguments: str) -> str:
    """`Authent`: HMAC-SHA512 over the SHA-256 of arguments, nonce and path."""
    message = hashlib.sha256(f"{arguments}{nonce}{path}".encode()).digest()
    return b64encode(hmac.digest(secret, message, "sha512")).decode()


def sign_challenge(secret: bytes, challenge: str) -> str:
    """`signed_challenge`: HMAC-SHA512 over the SHA-256 of the challenge."""
    message = hashlib.sha256(challenge.encode()).digest()
    return b64encode(hmac.digest(secret, message, "sha512")).decode()
