"""The Identity API v3 of the embedded identity.

The module `unsupported_routes` lists the routes of Keystone that respond 501 here.
"""
