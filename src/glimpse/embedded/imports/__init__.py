"""Imports: give an image data that was staged, or that is downloaded from a URL."""
