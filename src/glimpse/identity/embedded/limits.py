"""The largest sizes of sections of ``identity.json``, and of the whole file.

Sizes are limited because each change writes the whole file, and each worker then reads the file.
"""

# The most entries of a section.
MAX_ENTRIES = {
    "domains": 200,
    "projects": 5000,
    "users": 5000,
    "roles": 500,
    "regions": 200,
    "services": 200,
    "endpoints": 1000,
}
MAX_BYTES = 4 * 2**20  # of the document as JSON; 5,000 users take about 1.5 MB
MAX_ASSIGNMENTS = 10_000  # of roles, of all users
MAX_IMPLICATIONS = 1000  # entries of implied_roles
# Of a user: application credentials, the bytes of their entries as JSON, and access rules.
MAX_CREDENTIALS_OF_USER = 100
MAX_CREDENTIAL_BYTES_OF_USER = 256 * 1024
MAX_ACCESS_RULES_OF_USER = 200
