"""The Compute Images API: OpenStack Compute's deprecated operations on images, over HTTP."""
