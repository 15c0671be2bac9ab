"""EmbeddedOptions: the options of the embedded image service."""

from dataclasses import dataclass

from glimpse.embedded.content_check import ContentRules
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.imports.options import ImportOptions
from glimpse.embedded.quotas import ImageQuotas, ProjectQuotas


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """The options of the embedded image service.

    `image_size_cap` is the most bytes of data that an image may have. `content_rules` says which
    data an image may have, and `image_formats` which formats. `imports` has the options of imports.
    `image_quotas` limits each image; `project_quotas` limits all images of a project together.
    """

    image_size_cap: int
    content_rules: ContentRules
    image_formats: ImageFormats
    imports: ImportOptions
    image_quotas: ImageQuotas
    project_quotas: ProjectQuotas
