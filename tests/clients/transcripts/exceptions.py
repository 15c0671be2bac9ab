"""Commands that no transcript has, and commands that print something else on purpose."""

_METADEFS = "the embedded Image API has no metadata definitions"
_CACHE = "the embedded Image API has no cache of images"
_SCHEMAS = "the descriptions of attributes are the embedded Image API's own"
_TASKS = "the embedded Image API does not report how much an import has copied"
# The beginning of a command: the reason why no transcript has it
LEFT_OUT = {
    "openstack image metadef": _METADEFS,
    "openstack cached image": _CACHE,
    "glance md-": _METADEFS,
    "glance cache-": _CACHE,
    "glance help": "prints the client's own documentation",
}
# A command of a transcript: the reason why it prints something else with the embedded services
DIFFERENT = {
    "glance image-tasks 00000000-0000-4000-8000-000000000003": _TASKS,
    "glance explain image": _SCHEMAS,
    "glance explain member": _SCHEMAS,
    "glance explain task": _SCHEMAS,
}
