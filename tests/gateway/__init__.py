"""Glimpse as a gateway, a real process, with trouble between it and what it calls."""
