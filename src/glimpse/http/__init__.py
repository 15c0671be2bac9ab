"""What all APIs here share: request ids, proxy headers, body limits, health, access log."""
