"""The contract of catalog engines: what every one of them does, whichever it is."""
