"""Configuration files of Keystone and Glance, and of Glimpse in front of them."""

from pathlib import Path

from tests.support.cloud import PASSWORD

REGION = "RegionOne"
OPERATOR = "operator"  # the administrator that creates users, and its project
SERVICE_PROJECT = "service"
SERVICE_USERS = ("glance", "nova")


def keystone_conf(directory: Path, token_seconds: int) -> str:
    """Return a keystone.conf with SQLite, keys below `directory`, and quick password hashes."""
    keys = directory / "keys"
    return f"""
[DEFAULT]
log_file = {directory}/keystone.log
[database]
connection = sqlite:///{directory}/keystone.db
sqlite_synchronous = false
[fernet_tokens]
key_repository = {keys}
[fernet_receipts]
key_repository = {keys}
[token]
expiration = {token_seconds}
[identity]
password_hash_rounds = 4
"""


def glance_conf(
    directory: Path, identity_url: str, image_url: str, paste: Path, database_url: str
) -> str:
    """Return a glance-api.conf with a file store; `paste` is Glance's paste file."""
    return f"""
[DEFAULT]
log_file = {directory}/glance.log
enabled_backends = store:file
enabled_import_methods = [glance-direct,web-download]
worker_self_reference_url = {image_url}
[import_filtering_opts]
allowed_hosts = [127.0.0.1]
allowed_ports = []
[glance_store]
default_backend = store
[store]
filesystem_store_datadir = {directory}/images
[os_glance_staging_store]
filesystem_store_datadir = {directory}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {directory}/tasks
[database]
connection = {database_url}
sqlite_synchronous = false
[paste_deploy]
flavor = keystone
config_file = {paste}
[oslo_concurrency]
lock_path = {directory}/lock
{keystone_authtoken("glance", identity_url)}
service_type = image
"""


def import_filtering(port: int) -> str:
    """Return the section that lets Glance download images from a port of this host only."""
    return f"""
[import_filtering_opts]
allowed_hosts = [127.0.0.1]
allowed_ports = [{port}]
"""


def keystone_authtoken(user: str, identity_url: str) -> str:
    """Return the [keystone_authtoken] section of a service that validates tokens as `user`."""
    return f"""
[keystone_authtoken]
www_authenticate_uri = {identity_url}
region_name = {REGION}
service_token_roles_required = true
{_credentials(user, identity_url)}
"""


def service_user(identity_url: str) -> str:
    """Return the [service_user] section that adds nova's token to the caller's in requests."""
    return f"""
[service_user]
send_service_user_token = true
{_credentials("nova", identity_url)}
"""


def _credentials(user: str, identity_url: str) -> str:
    return f"""
auth_url = {identity_url}
auth_type = password
username = {user}
password = {PASSWORD}
project_name = {SERVICE_PROJECT}
user_domain_id = default
project_domain_id = default
"""


def nova_conf(identity_url: str, more: str = "", *, metrics_port: int = 0) -> str:
    """Return a nova.conf for Glimpse; it has options of nova that Glimpse ignores, too."""
    return f"""
[DEFAULT]
transport_url = rabbit://nobody@nowhere.example/
[metrics]
port = {metrics_port}
{keystone_authtoken("nova", identity_url)}
[glance]
region_name = {REGION}
{more}
"""


def gunicorn_conf(application: str, port: int, workers: int, threads: int) -> str:
    """Return a gunicorn.conf.py.

    It has all options of gunicorn, because the services parse the command line as their own.
    """
    return f"""
wsgi_app = {application!r}
worker_class = "gthread"
bind = "127.0.0.1:{port}"
workers, threads, keepalive, timeout, graceful_timeout = {workers}, {threads}, 75, 120, 5
control_socket_disable = True
secure_scheme_headers = {{}}
"""
