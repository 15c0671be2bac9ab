"""Password and secret hashes: scrypt, as text that carries its own parameters. Slow on purpose."""

import base64
import hashlib
import hmac
import secrets

# RFC 7914 parameters: about 50 ms and 16 MiB a hash.
_COST, _BLOCK_SIZE, _PARALLEL = 2**14, 8, 1
_MEMORY = 64 * 2**20


def hash_password(password: str) -> str:
    """Return ``scrypt$N$r$p$salt$hash`` (base64) of `password` with a new salt."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _COST, _BLOCK_SIZE, _PARALLEL)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return "$".join(["scrypt", str(_COST), str(_BLOCK_SIZE), str(_PARALLEL), *encoded])


def verify_password(password: str, hashed: str) -> bool:
    """Tell whether `hashed` is of `password`, compared in constant time.

    Raises ValueError for a `hashed` that `hash_password` did not make.
    """
    kind, cost, block_size, parallel, salt, digest = hashed.split("$")
    if kind != "scrypt":
        raise ValueError(f"password hashes of kind {kind} are not supported")
    found = _scrypt(password, base64.b64decode(salt), int(cost), int(block_size), int(parallel))
    return hmac.compare_digest(found, base64.b64decode(digest))


def check_password(given: str, password: str | None, hashed: str | None) -> bool:
    """Tell whether `given` is the password, which is known as such or by its hash, or not at all.

    Takes as long in each case: nobody learns who there is. Nothing matches a hash that is none.
    """
    try:
        matches = verify_password(given, hashed or UNMATCHABLE)
    except (ValueError, TypeError, OverflowError, MemoryError):  # of a file that was edited
        matches = verify_password(given, UNMATCHABLE)
    if password is None:
        return matches
    return hmac.compare_digest(_bytes(given), _bytes(password))


def _scrypt(password: str, salt: bytes, cost: int, block_size: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        _bytes(password),
        salt=salt,
        n=cost,
        r=block_size,
        p=parallel,
        maxmem=_MEMORY,
        dklen=32,
    )


def _bytes(password: str) -> bytes:
    # JSON can carry lone surrogates: a password of them is wrong, not an error.
    return password.encode(errors="surrogatepass")


# What a password is compared with when there is no such user: takes as long, is never right.
UNMATCHABLE = f"scrypt${_COST}${_BLOCK_SIZE}${_PARALLEL}${'A' * 22}==${'A' * 43}="
