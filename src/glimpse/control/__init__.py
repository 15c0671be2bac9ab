"""The control API of a cloud for tests: resets the cloud, adds faults, lists the requests."""
