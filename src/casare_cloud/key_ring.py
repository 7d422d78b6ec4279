"""Secrets at rest: AES-256-GCM under a ring of keys from the environment. The first one seals, all of them open.

A new key is put in front and the old ones stay behind it as long as something that they sealed is still needed. What a
secret belongs to is authenticated with it, so that a sealed secret opens in its own place only.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping

from casare_cloud.config import ConfigurationError
from casare_cloud.errors import Unavailable

_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyRing:
    """The keys by their names, the newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    @classmethod
    def read(cls, text: str) -> "KeyRing":
        """`name:key,name:key`, each key 32 bytes in base64; an empty text is a ring without keys."""
        keys: dict[str, bytes] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, encoded = item.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not re.fullmatch(r"[a-z0-9-]{1,32}", name) or len(key) != _KEY_BYTES or name in keys:
                raise ConfigurationError(
                    "CASARE_SECRET_KEYS must be name:key pairs separated by commas, the newest first: each name once, "
                    "of a-z, 0-9 and -, each key 32 random bytes in base64 (openssl rand -base64 32)."
                )
            keys[name] = key
        return cls(keys)

    @property
    def newest(self) -> str | None:
        """The name of the key that seals."""
        return next(iter(self._keys), None)

    def is_of_newest(self, sealed: bytes) -> bool:
        """Whether that key sealed it."""
        return key_name_of(sealed) == self.newest

    def seal(self, secret: bytes, belongs_to: str) -> bytes:
        """The secret, sealed by the newest key; 503 SECRET_KEYS_MISSING when the ring has none."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not self._keys:
            raise Unavailable(
                "SECRET_KEYS_MISSING", "Secrets cannot be kept here: CASARE_SECRET_KEYS is not set.", retry_after=3600
            )
        name, key = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        head = bytes([len(name)]) + name.encode()
        return head + nonce + AESGCM(key).encrypt(nonce, secret, head + belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> bytes | None:
        """The secret; None when no key of the ring opens it, or it belongs to something else."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        head = sealed[: 1 + sealed[0]]
        key = self._keys.get(key_name_of(sealed))
        rest = sealed[len(head) :]
        if key is None or len(rest) <= _NONCE_BYTES:
            return None
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + belongs_to.encode())
        except InvalidTag:
            return None


def key_name_of(sealed: bytes) -> str:
    """The name of the key that sealed a secret."""
    return sealed[1 : 1 + sealed[0]].decode("ascii", "replace")


def new_secret_keys() -> str:
    """A ring of one new key, as `CASARE_SECRET_KEYS` has it."""
    return "k1:" + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
