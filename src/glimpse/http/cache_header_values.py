"""Values of the headers that tell caches which responses they may keep (RFC 9111).

`compute.api`, `response_headers` (for the Image API) and `identity_api.responses` add them.
"""

# For responses that depend on the token: shared caches do not keep them (RFC 9111, 5.2.2.7), and a
# private cache keeps them for that token only. Neither no-cache nor no-store, so that caches of
# clients still work, and so do conditional requests with entity tags.
PRIVATE = ((b"vary", b"X-Auth-Token"), (b"cache-control", b"private"))
# For responses that hold a token or a secret: no cache keeps them (RFC 6749, 5.1, for tokens).
NO_STORE = "no-store"
