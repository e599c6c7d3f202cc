"""Who pulls and releases, for the record: nobody is never the answer."""

import os
import pwd


def who(by: str) -> str:
    """`by` if it says something; else the user by the environment, by the system, or the number."""
    return by.strip() or os.environ.get("USER", "").strip() or _login_name()


def _login_name() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
