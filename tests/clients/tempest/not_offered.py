"""Tests that pass on a real Keystone and Glance, of what embedded services do not offer."""

_GROUPS = "creates a group: the embedded Identity API has none"
_METADEFS = "the embedded Image API has no metadata definitions"
# A module, a class or a test below tempest.api: the reason. A test fails if an entry has only tests
# that pass.
NOT_OFFERED = {
    "identity.admin.v3.test_credentials": "of EC2 and TOTP, which the embedded Identity API lacks",
    "identity.admin.v3.test_domain_configuration": "there are no drivers to configure for a domain",
    "identity.admin.v3.test_domains.DomainsTestJSON.test_domain_delete_cascades_content": _GROUPS,
    "identity.admin.v3.test_endpoint_groups": "the catalog is the same for all projects",
    "identity.admin.v3.test_groups": _GROUPS,
    "identity.admin.v3.test_inherits": _GROUPS,
    "identity.admin.v3.test_oauth_consumers": "the embedded Identity API has no OAuth",
    "identity.admin.v3.test_policies": "the embedded Identity API stores no policies of services",
    "identity.admin.v3.test_roles": _GROUPS,  # before the first test of the class
    "identity.admin.v3.test_tokens.TokensV3TestJSON.test_get_available_domain_scopes": _GROUPS,
    "identity.admin.v3.test_trusts": "the embedded Identity API has no trusts",
    "identity.v3.test_ec2_credentials": "the embedded Identity API has no EC2 credentials",
    "image.v2.admin.test_images_metadefs_namespace_objects": _METADEFS,
    "image.v2.admin.test_images_metadefs_namespace_tags": _METADEFS,
    "image.v2.test_images_metadefs_schema": _METADEFS,
}
