"""The domain: images, queries, changes, permissions, errors, interface ImageService.

This package does not depend on HTTP, a database or Glance.
"""

from glimpse.images.caller import Caller
from glimpse.images.dates import DateBound, parse_date, parse_datetime
from glimpse.images.filtering import filter_pages
from glimpse.images.image import BASE_ATTRIBUTES, Image, image_from_document
from glimpse.images.permissions import Action, Permissions, PolicyRules, has_role
from glimpse.images.property_changes import RESERVED_PREFIX, PropertyChanges, apply_changes
from glimpse.images.query import ImageQuery, Page, Sort
from glimpse.images.service import ImageService, ReadImage

__all__ = [
    "BASE_ATTRIBUTES",
    "RESERVED_PREFIX",
    "Action",
    "Caller",
    "DateBound",
    "Image",
    "ImageQuery",
    "ImageService",
    "Page",
    "Permissions",
    "PolicyRules",
    "PropertyChanges",
    "ReadImage",
    "Sort",
    "apply_changes",
    "filter_pages",
    "has_role",
    "image_from_document",
    "parse_date",
    "parse_datetime",
]
