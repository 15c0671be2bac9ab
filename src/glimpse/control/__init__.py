"""The control API: resets a cloud for tests, injects faults, and shows the requests it got."""
