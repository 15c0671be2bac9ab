"""Tests of gateway processes in front of failing or hostile Keystones and Glances."""
