"""The embedded image service: an ImageService with a catalog and image data on local disk."""
