"""BrokenRecords: logs each stored record that is invalid, once."""

import logging

_MAX_RECORDS = 1000  # records of one BrokenRecords; each takes at most 1 kB of memory
_MAX_ID_LENGTH = 100  # characters of an id that are logged


class BrokenRecords:
    """Logs each broken record of one kind once.

    After 1,000 records, it logs once that there are more, and then nothing. Every list leaves out
    the broken record: a line for each list would fill the log.
    """

    def __init__(self, logger: logging.Logger, kind: str) -> None:
        """`kind` names the records in the log: "image", for example."""
        self._logger = logger
        self._kind = kind
        self._reported: set[str] = set()

    def report(self, record_id: object, reason: str) -> None:
        """Log that a record is left out of responses because of `reason`, once for each id.

        Ids are the same if their first 100 characters are; another reason makes no difference. An
        id may be of any type, because it comes from a document of another service; of ids that are
        no text, only the first of each type is logged.
        """
        if isinstance(record_id, str):
            shown = ascii(record_id[:_MAX_ID_LENGTH])
        else:  # of any size
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
