"""A gateway as a real process, with failing or hostile Keystones and Glances."""
