"""Makes and checks password hashes with scrypt.

A hash is stored as a text with its parameters and salt. `Login` replaces outdated hashes of
application credentials' secrets, but never hashes of passwords.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import NamedTuple

# Bytes of memory that OpenSSL may use for a hash. The parameters below use 16 MiB.
_MAX_MEMORY = 64 * 2**20
_DIGEST_BYTES = 32
_MAX_WORK = 2**21  # a hash with more, which takes longer than 0.7 s, is not accepted


class ScryptParameters(NamedTuple):
    """The three parameters of scrypt. RFC 7914 calls them N, r and p."""

    cost: int
    block_size: int
    parallelization: int

    @property
    def work(self) -> int:
        """The CPU time that a hash takes, in units of about 0.35 microseconds."""
        return self.cost * self.block_size * self.parallelization

    @property
    def units(self) -> int:
        """The CPU time that a hash takes, in LoginQueue's units of 0.05 s, rounded up."""
        return -(-self.work // MINIMAL.work)


# For new hashes, which take 0.23 s. OWASP's Password Storage Cheat Sheet lists several equivalent
# sets of parameters. This one takes 16 MiB; N=2^17, r=8, p=1 would take 128 MiB for each thread.
RECOMMENDED = ScryptParameters(2**14, 8, 5)
# Version 0.1 made hashes with these parameters, which take 0.05 s. If no password is stored as a
# hash, every check takes this long, too.
MINIMAL = ScryptParameters(2**14, 8, 1)
# Stored as the hash of a user without a password. This is no valid hash, so no password matches.
NO_PASSWORD = "!"  # noqa: S105  no password, but the mark that there is none


class _Hash(NamedTuple):
    parameters: ScryptParameters
    salt: bytes
    digest: bytes


def hash_password(password: str, parameters: ScryptParameters = RECOMMENDED) -> str:
    """Return the hash of `password` with a new random salt: ``scrypt$N$r$p$SALT$HASH``.

    SALT and HASH are in base64. `password` may be any text. Takes 0.23 s of CPU time with the
    default parameters: call this function in a thread.
    """
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, parameters)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return "$".join(["scrypt", *map(str, parameters), *encoded])


def check_password(
    given: str, password: str | None, hashed: str | None, slowest: ScryptParameters = RECOMMENDED
) -> bool:
    """Return True if `given` is the correct password.

    `password` is the stored readable password, `hashed` the stored hash. If `password` is not None,
    it alone decides. Returns False if `password` is None, and `hashed` is None or not a valid hash.

    Each call takes as long as a hash with the parameters `slowest`, so that the time does not
    reveal which users exist. For `slowest`, pass the `slowest_parameters` of all stored hashes.
    Call this function in a thread.
    """
    try:
        expected = _parse(hashed or "")
    except ValueError:  # no hash, or one that was edited
        expected = _Hash(slowest, bytes(16), bytes(_DIGEST_BYTES))  # of no password
    matches = hmac.compare_digest(
        _scrypt(given, expected.salt, expected.parameters), expected.digest
    )
    _equalize_time(given, slowest, slowest.work - expected.parameters.work)
    if password is None:
        return matches
    return hmac.compare_digest(_bytes(given), _bytes(password))


def slowest_parameters(hashes: Iterable[str | None]) -> ScryptParameters:
    """Return the parameters of the hash in `hashes` that takes longest to check.

    The result is at least MINIMAL. None and invalid hashes are ignored. So the result is MINIMAL if
    all passwords are stored readable: a slower check would then protect nothing.
    """
    slowest = MINIMAL
    for hashed in hashes:
        try:
            parameters = _parse(hashed or "").parameters
        except ValueError:
            continue
        slowest = max(slowest, parameters, key=lambda each: each.work)
    return slowest


def is_outdated(hashed: str) -> bool:
    """Return True if `hashed` takes less CPU time to check than RECOMMENDED parameters do.

    Raises ValueError if `hashed` is not a valid hash.
    """
    return _parse(hashed).parameters.work < RECOMMENDED.work


def _equalize_time(given: str, parameters: ScryptParameters, work: int) -> None:
    """Spend CPU time by hashing `given` with scrypt; drop the hash.

    `work` is the CPU time, in the units of ScryptParameters.work. The hash has the cost and block
    size of `parameters`, and the highest parallelization that does not exceed `work`. Does nothing
    if even a parallelization of 1 would exceed `work`.
    """
    parallelization = work // (parameters.cost * parameters.block_size)
    if parallelization > 0:
        _scrypt(given, bytes(16), parameters._replace(parallelization=parallelization))


def _parse(hashed: str) -> _Hash:
    """Return the parameters, the salt and the digest in the text of a hash.

    Raises ValueError if `hashed` is malformed, or if its check would take too much memory or time.
    """
    try:
        kind, *numbers, salt, digest = hashed.split("$")
        parameters = ScryptParameters(*map(int, numbers))
        decoded = base64.b64decode(salt), base64.b64decode(digest)
    except (TypeError, ValueError) as error:
        raise ValueError("this is no password hash") from error
    if kind != "scrypt":
        raise ValueError(f"password hashes of kind {kind} are not supported")
    cost, block_size, parallelization = parameters
    is_power_of_2 = cost > 1 and cost & (cost - 1) == 0
    memory = 128 * block_size * (cost + parallelization + 2)
    if not is_power_of_2 or block_size < 1 or parallelization < 1 or memory > _MAX_MEMORY:
        raise ValueError("this password hash has impossible parameters")
    if parameters.work > _MAX_WORK:
        raise ValueError("this password hash takes too long to check")
    return _Hash(parameters, *decoded)


def _scrypt(password: str, salt: bytes, parameters: ScryptParameters) -> bytes:
    return hashlib.scrypt(
        _bytes(password),
        salt=salt,
        n=parameters.cost,
        r=parameters.block_size,
        p=parameters.parallelization,
        maxmem=_MAX_MEMORY,
        dklen=_DIGEST_BYTES,
    )


def _bytes(password: str) -> bytes:
    # A password from JSON may have lone surrogates. It is wrong, but must not raise an error.
    return password.encode(errors="surrogatepass")
