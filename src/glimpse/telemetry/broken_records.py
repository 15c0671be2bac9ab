"""BrokenRecords: stored records that cannot be shown, each logged once."""

import logging

_MOST = 1000  # of a kind; at most 1 kB each
_LONGEST = 100  # characters of what is logged of an id


class BrokenRecords:
    """Logs each broken record of a kind once, and after 1,000 of them that there are more.

    A list leaves such a record out at every request; a line for each would fill the log.
    """

    def __init__(self, logger: logging.Logger, kind: str) -> None:
        """`kind` names the records in the log: "image", say."""
        self._logger = logger
        self._kind = kind
        self._known: set[str] = set()

    def report(self, record_id: object, reason: str) -> None:
        """Log that the record is left out, unless it was logged before."""
        if isinstance(record_id, str):
            shown = ascii(record_id[:_LONGEST])
        else:  # of a foreign document: it may be anything, and large
            shown = f"with an id of type {type(record_id).__name__}"
        if shown in self._known or len(self._known) > _MOST:
            return
        self._known.add(shown)
        if len(self._known) > _MOST:
            self._logger.error("More than %d records are broken: no more are logged.", _MOST)
            return
        self._logger.error(
            "%s %s is broken (%s) and is left out: repair or delete it.", self._kind, shown, reason
        )
