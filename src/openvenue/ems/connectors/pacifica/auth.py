"""What is signed.

Source: Pacifica, "Signing".
"""

import json
from collections.abc import Mapping


def canonical(operation: str, header: Mapping[str, int], data: Mapping[str, object]) -> bytes:
    """The text that is signed: compact JSON, the keys of every object sorted."""
    statement = {**header, "type": operation, "data": data}
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
