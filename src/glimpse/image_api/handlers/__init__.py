"""Handlers of the Image API's operations, one module for each noun; `routes` has their paths."""
