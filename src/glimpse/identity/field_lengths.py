"""Maximum lengths of values in requests of the Identity API, mostly as in Keystone 30."""

NAME = 255  # characters: keystone.api.validation.parameter_types.name
ID = 64  # characters: parameter_types.id_string
REGION_ID = 255  # characters
TAG = 255  # characters: keystone.resource.schema
PASSWORD = 4096  # bytes: [identity] max_password_length
DESCRIPTION = 65_535  # bytes: the column is a TEXT
DATE = 64  # characters: more than any ISO 8601 date and time has
ROLES = 100  # in one request; Keystone has no bound
ACCESS_RULES = 100  # in one request; Keystone has no bound
ACCESS_RULE_PATH = 128  # characters: the column of Keystone's table
