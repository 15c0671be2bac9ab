"""Renders the JSON documents of the Identity API: pure functions, a module for each noun.

`base_url` is the URL at which the client reached this process, without a slash at its end. Links
and endpoints begin with it.
"""
