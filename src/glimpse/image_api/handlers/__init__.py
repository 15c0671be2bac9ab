"""Handlers of the Image API's operations, one module for each noun; `routes` has their paths.

Those that read a JSON body raise the errors of `request_parsing.json_body`, too.
"""
