"""BrokenRecords: logs each invalid stored record only once."""

import logging

_MAX_RECORDS = 1000  # ids that one BrokenRecords remembers; each takes at most 1 kB of memory
_MAX_ID_LENGTH = 100  # characters; the rest of an id is not logged


class BrokenRecords:
    """Logs each broken record of one kind once, at level ERROR.

    Every list leaves a broken record out; a line for each list would fill the log. After 1,000
    records, one more line says that there are more, and then nothing is logged.
    """

    def __init__(self, logger: logging.Logger, kind: str) -> None:
        """`kind` is the word for a record in the log ("image", for example)."""
        self._logger = logger
        self._kind = kind
        self._reported: set[str] = set()

    def report(self, record_id: object, reason: str) -> None:
        """Log that a record is broken because of `reason` and is left out; once for each id.

        A second reason for the same id is not logged. Ids with the same first 100 characters count
        as the same id. An id may be of any type, because it may come from a document of another
        service. Ids that are not text count as the same id if they have the same type.
        """
        if isinstance(record_id, str):
            shown = ascii(record_id[:_MAX_ID_LENGTH])
        else:  # may be of any size, so it is not shown
            shown = f"with an id of type {type(record_id).__name__}"
        if shown in self._reported or len(self._reported) > _MAX_RECORDS:
            return
        self._reported.add(shown)
        if len(self._reported) > _MAX_RECORDS:
            self._logger.error("More than %d records are broken: no more are logged.", _MAX_RECORDS)
            return
        self._logger.error(
            "%s %s is broken (%s) and is left out: repair or delete it.", self._kind, shown, reason
        )
