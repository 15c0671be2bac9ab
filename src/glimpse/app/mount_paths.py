"""The paths at which the Image and Identity APIs are mounted."""

IMAGE_PREFIX = "/image"
IDENTITY_PREFIX = "/identity"
