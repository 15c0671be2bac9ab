"""KeystoneIdentity, whose tokens Keystone validates, and Glimpse's own logins to Keystone."""

from glimpse.identity.keystone.identity import KeystoneIdentity
from glimpse.identity.keystone.login_failures import CallFailed, EndpointMissing, LoginRefused
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.keystone.service_tokens import KeystoneServiceTokens

__all__ = [
    "CallFailed",
    "EndpointMissing",
    "KeystoneIdentity",
    "KeystoneOptions",
    "KeystoneServiceTokens",
    "LoginRefused",
    "ServiceSession",
]
