"""load_policy_files: loads the policy files that the settings name.

oslo.policy loads slowly: import this module only when a policy file is configured.
"""

from glimpse.app.policy_files import IMAGE_RULES, SERVER_RULES, PolicyFiles
from glimpse.settings import Settings


def load_policy_files(settings: Settings) -> PolicyFiles:
    """Load the operator's policy rules for images, and for servers if the cloud has servers.

    Other rules in the files have an effect only where these rules refer to them. Raises
    InvalidPolicyFile if ``policy_file`` is missing, or if a file cannot be used.
    """
    rules = SERVER_RULES if _has_servers(settings) else IMAGE_RULES
    return PolicyFiles(settings.policy.policy_file, settings.policy.policy_dirs, rules)


def _has_servers(settings: Settings) -> bool:
    """Return True if the state directory was made for a cloud with servers.

    Returns False in gateway mode.
    """
    if settings.image_service != "embedded":
        return False
    from glimpse.embedded.servers.server_table import ServerTable  # noqa: PLC0415  only this mode

    return ServerTable.exists(settings.server.state_dir)
