"""Tests of the embedded image service and of the Image API in front of it."""
