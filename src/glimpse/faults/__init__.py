"""Faults on request, for the tests of clients: responses that fail, or are slow or stale.

`rules` decides which request has which fault; `middleware` injects the fault.
"""
