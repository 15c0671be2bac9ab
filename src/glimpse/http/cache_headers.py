"""Headers that tell caches what a response depends on (RFC 9111)."""

# Of responses that depend on the token: shared caches do not keep them (RFC 9111, 5.2.2.7), and a
# private cache keeps them for that token only. Neither no-cache nor no-store: a client's own cache
# may use what it could use before, and conditional requests with entity tags work as ever.
PRIVATE = ((b"vary", b"X-Auth-Token"), (b"cache-control", b"private"))
# Of responses that hold a token or a secret: nobody keeps them (RFC 6749, 5.1, says so of tokens).
NO_STORE = "no-store"
