"""Opens the session with which Glimpse logs in to Keystone, and checks its options."""

from contextlib import suppress
from functools import partial

from keystoneauth1 import loading
from keystoneauth1.exceptions import ClientException
from keystoneauth1.plugin import BaseAuthPlugin
from oslo_config import cfg

from glimpse.app.keystone import keystone_options, keystone_transport
from glimpse.identity.keystone import ServiceSession
from glimpse.settings import InvalidSettings, Settings
from glimpse.upstream.urls import strip_credentials

# Plugins that need a password, but report a missing password only at the login.
_PASSWORD_PLUGINS = ("password", "v3password")
# Options of keystoneauth's plugins that say who logs in.
_USER_OPTIONS = (
    *("username", "user_id", "application_credential_name", "application_credential_id"),
)


def open_session(settings: Settings, section: str = "keystone_authtoken") -> ServiceSession:
    """Make a session, which logs in to Keystone when first used.

    `section` names the section with the credentials. The options for TLS, timeout and retries are
    always those of [keystone_authtoken]. Adds the options of the section's authentication plugin to
    ``settings.oslo_config``. Raises InvalidSettings if auth_type is missing or unknown, if an
    option that its plugin requires is missing or invalid, if auth_url does not begin with
    ``http://`` or ``https://``, or if TLS files cannot be used.
    """

    def make_plugin() -> BaseAuthPlugin:
        plugin = loading.load_auth_from_conf_options(settings.oslo_config, section)
        if plugin is None:
            raise InvalidSettings(
                f"[{section}] auth_type is not set: set it, and the options that its plugin needs."
            )
        return plugin

    try:
        loading.register_auth_conf_options(settings.oslo_config, section)
        options = keystone_options(settings)
        describe_user = partial(_user_of, settings.oslo_config, section)
        session = ServiceSession(options, keystone_transport(options), make_plugin, describe_user)
    except (ClientException, cfg.Error, ValueError) as error:
        raise InvalidSettings(f"[{section}] cannot be used: {error}") from None
    _check_auth_url(session.auth_url, section)
    _check_password(settings.oslo_config, section)
    return session


def _user_of(config: cfg.ConfigOpts, section: str) -> str:
    """Return the user whose credentials are in `section`, for messages: ``username glance``.

    If the section names an ``auth_section``, that section has the credentials. If no option names
    the user, the result is ``the user in [SECTION]``.
    """
    section = config[section].auth_section or section
    for name in _USER_OPTIONS:
        with suppress(cfg.NoSuchOptError):  # the plugin does not have it
            if value := config[section][name]:
                return f"{name} {value}"
    return f"the user in [{section}]"


def _check_auth_url(url: str | None, section: str) -> None:
    """Raise InvalidSettings if auth_url does not begin with ``http://`` or ``https://``.

    Does nothing if auth_url is not set. Checks only the beginning. Without this check, keystoneauth
    takes ``localhost:5000`` for a URL with the scheme ``localhost``.
    """
    if url is None or url.lower().startswith(("http://", "https://")):
        return
    shown = strip_credentials(url.rpartition("@")[2])
    raise InvalidSettings(
        f"[{section}] auth_url: {shown!r} does not begin with http:// or https://: set a URL such "
        "as http://keystone.example:5000/v3."
    )


def _check_password(config: cfg.ConfigOpts, section: str) -> None:
    """Raise InvalidSettings if the plugin of a section needs a password and none is set.

    An empty password raises nothing. If the section names an ``auth_section``, that section is
    checked.
    """
    section = config[section].auth_section or section
    if config[section].auth_type in _PASSWORD_PLUGINS and config[section].password is None:
        raise InvalidSettings(f"[{section}] password is not set.")
