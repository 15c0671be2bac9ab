"""Tests of `glimpse.image_api`, mostly over HTTP."""
