"""How requests are signed.

Source: Kraken Spot REST, "Authentication".
"""

import hashlib
import hmac
from base64 import b64encode


def sign(secret: bytes, path: str, nonce: str, body: str) -> str:
    """`API-Sign`: HMAC-SHA512 over the path and the SHA-256 of nonce and body."""
    digest = hashlib.sha256(f"{nonce}{body}".encode()).digest()
    return b64encode(hmac.digest(secret, path.encode() + digest, "sha512")).decode()
