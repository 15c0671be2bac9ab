"""Renders the JSON documents of the Identity API: pure functions, a module for each noun.

The parameter `base_url` is the URL at which the client reached the Identity API, without a version
or a slash at its end: ``http://host:8774/identity`` or ``http://host:5000``. Links begin with
`base_url`.
"""
