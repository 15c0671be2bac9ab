"""Values of the headers that tell caches which responses they may keep (RFC 9111).

`compute.api`, `response_headers` (for the Image API) and `identity_api.responses` add the headers.
"""

# For responses that depend on the token. Shared caches do not keep such responses (RFC 9111,
# 5.2.2.7), and a private cache uses them for the same token only. There is no no-cache and no
# no-store, so that caches of clients and conditional requests with entity tags work.
PRIVATE = ((b"vary", b"X-Auth-Token"), (b"cache-control", b"private"))
# For responses that hold a token or a secret: no cache keeps them (RFC 6749, 5.1, for tokens).
NO_STORE = "no-store"
