"""Identity by somebody's real Keystone."""

from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.service_session import LoginRefused, ServiceSession
from glimpse.identity.keystone.service_user import ServiceUser
from glimpse.identity.keystone.validation import KeystoneIdentity

__all__ = ["KeystoneIdentity", "KeystoneOptions", "LoginRefused", "ServiceSession", "ServiceUser"]
