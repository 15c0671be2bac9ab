"""Finds and deletes access rules of users. Application credentials refer to access rules."""

import asyncio

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import UserAccessRule
from glimpse.identity.embedded.errors import Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document, remove_entries
from glimpse.identity.embedded.identity_file import IdentityFile


def find_access_rule(directory: Directory, user_id: str, rule_id: str) -> UserAccessRule:
    """Return the access rule of a user that has the id `rule_id`.

    Raises NotFound if the user has no such rule.
    """
    rule = directory.access_rules.get(rule_id)
    if rule is None or rule.user_id != user_id:
        raise NotFound(f"Could not find Access Rule: {rule_id}.")
    return rule


async def delete_access_rule(identity_file: IdentityFile, user_id: str, rule_id: str) -> None:
    """Delete an access rule of a user. On return, the change is on disk.

    If the calling task is cancelled, the rule may still be deleted. Raises NotFound if the user has
    no such rule, and Forbidden if an application credential of the user has the rule. Raises
    IdentityFileUnavailable if the identity file is invalid or cannot be written, and
    ChangeNotSynced if a crash may undo the change.
    """

    def remove(document: Document, directory: Directory) -> None:
        rule = find_access_rule(directory, user_id, rule_id)
        if any(rule in each.access_rules for each in directory.application_credentials_of(user_id)):
            raise Forbidden("May not delete access rule in use")
        remove_entries(document, "access_rules", (rule_id,))

    await asyncio.to_thread(identity_file.change, remove)
