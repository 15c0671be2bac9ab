"""The end of each subcommand's ``--help``: examples, and environment variables."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "serve": (
        "glimpse serve --state-dir /srv/glimpse --standard-ports",
        "glimpse serve --config-file /etc/nova/nova.conf --workers 4",
    ),
    "openrc": ('eval "$(glimpse openrc admin --state-dir /srv/glimpse)"',),
    "clouds": ("glimpse clouds --state-dir /srv/glimpse > clouds.yaml",),
    "check": ("glimpse check --config-file /etc/nova/nova.conf --no-bind --json",),
    "healthcheck": ("glimpse healthcheck --port 8774",),
    "user": (
        "glimpse user add ann --project demo --role member",
        "glimpse user add bob --password-prompt",
        "glimpse user remove ann",
    ),
    "project": ("glimpse project add tour", "glimpse project list"),
    "load": ("glimpse load --without-data images.jsonl",),
    "dump": ("glimpse dump --format list images.json",),
    "sample-config": ("glimpse sample-config > glimpse.conf",),
    "completion": ('eval "$(glimpse completion bash)"',),
}
_WITHOUT_SETTINGS = ("sample-config", "completion")
_VARIABLES = """
environment variables:
  OS_SECTION__OPTION  any option of a configuration file, such as OS_GLIMPSE__PORT=8775;
                      overrides files, and arguments override it
  XDG_DATA_HOME       the default state directory is glimpse in it
"""
_CALLING_OTHERS = ("serve", "check")
_TLS_VARIABLES = """\
  SSL_CERT_FILE, SSL_CERT_DIR
                      the certificate authorities that calls to Keystone and Glance trust
  REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, HTTP_PROXY, HTTPS_PROXY, ALL_PROXY
                      have no effect on these calls
"""


def epilog(command: str) -> str:
    """Return the end of a subcommand's ``--help``: examples, and environment variables."""
    examples = "".join(f"  {each}\n" for each in EXAMPLES[command])
    variables = "" if command in _WITHOUT_SETTINGS else _VARIABLES
    variables += _TLS_VARIABLES if command in _CALLING_OTHERS else ""
    return f"examples:\n{examples}{variables}"
