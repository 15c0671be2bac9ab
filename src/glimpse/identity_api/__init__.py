"""The Identity API v3 of the embedded identity.

`unsupported_routes` has what it does not offer.
"""
