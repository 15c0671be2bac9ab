"""Handlers of the Image API's operations, one module for each noun.

`image_api.routes` has the paths. A handler that reads a JSON body also raises the errors of
`request_parsing.json_body`, such as Invalid for a body that is not JSON.
"""
