"""For subcommands: the embedded identity's users and domains."""

from glimpse.cli.directory_check import read_only_advice
from glimpse.cli.errors import CommandFailed
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Domain
from glimpse.identity.embedded.identity_file import FILE_NAME, IdentityFile
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.settings import Settings


def open_identity_file(settings: Settings) -> IdentityFile:
    """Open the identity file in the state directory, and complete it.

    Adds missing ids and passwords to the file, replaces secrets of application credentials by
    hashes, and makes the file and the state directory accessible to their owner only. Invalid
    entries are logged and left out.

    Raises CommandFailed if the settings do not use the embedded identity, or if the file is
    missing: only `glimpse serve` makes the file. Raises CommandFailed if the content is invalid, or
    if the state directory is not writable. Raises OSError if the file cannot be read or changed for
    another reason.
    """
    strategy = settings.api.auth_strategy
    if strategy != "embedded":
        owner = "Keystone has the users" if strategy == "keystone" else "there are no users"
        raise CommandFailed(f"with [api] auth_strategy = {strategy}, {owner}.")
    state_dir = settings.server.state_dir
    if not (state_dir / FILE_NAME).exists():
        raise CommandFailed(
            f"there are no users in {state_dir} yet: `glimpse serve` with this state directory "
            "adds the first ones. To use another one, set --state-dir."
        )
    try:
        return IdentityFile(state_dir)
    except InvalidStateFile as error:
        raise CommandFailed(str(error)) from None
    except OSError as error:
        advice = read_only_advice(state_dir)
        if not advice:
            raise
        why = f"{error.strerror or error}: {error.filename or state_dir}"
        raise CommandFailed(f"the users cannot be read: {why}.{advice}") from None


def find_domain(directory: Directory, name: str) -> Domain:
    """Return the domain `name`. Upper and lower case do not matter.

    Raises CommandFailed if there is no such domain.
    """
    domain = directory.domain(name=name)
    if domain is None:
        known = ", ".join(sorted(each.name for each in directory.domains.values()))
        raise CommandFailed(f"There is no domain {name}; there are: {known}.")
    return domain
