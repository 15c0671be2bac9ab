"""ImageService over HTTP: a real Glance."""
