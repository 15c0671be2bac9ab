"""ImageService kept here: a catalog, the image data, and the Image API v2 in front of both."""
