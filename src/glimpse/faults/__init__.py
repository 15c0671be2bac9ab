"""Faults on request: responses that fail, stall or lie, for the tests of clients.

`rules` says which requests have which fault, `middleware` injects it.
"""
