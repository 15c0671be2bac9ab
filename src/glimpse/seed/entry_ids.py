"""EntryIds: the ids that other entries of a seed refer to, by id or by name."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class EntryIds:
    """The ids and names of the entries of one kind, such as images.

    `ids` has the ids of all entries. `by_name` gives, for a name, the ids of the entries with that
    name. Several entries may have one name, and the name of an entry may be another entry's id.
    """

    ids: set[str] = field(default_factory=set)
    by_name: dict[str, set[str]] = field(default_factory=dict)

    def add(self, entry_id: str, name: str | None = None) -> None:
        """Add an entry. Without `name`, only the id refers to the entry."""
        self.ids.add(entry_id)
        if name is not None:
            self.by_name.setdefault(name, set()).add(entry_id)

    def find(self, text: str) -> set[str]:
        """Return the ids of all entries that have `text` as their id or name.

        The result is empty if there is no such entry.
        """
        return self.by_name.get(text, set()) | ({text} & self.ids)

    def names(self) -> str:
        """Return all names as text for a message: sorted, separated by commas, or ``none``."""
        return ", ".join(sorted(name for name in self.by_name if name)) or "none"

    def overridden_by(self, other: "EntryIds") -> "EntryIds":
        """Return a new EntryIds with the entries of this one and of `other`.

        A name that `other` has refers only to entries of `other`. Do not add to the result: its
        sets belong to this EntryIds and `other`, too.
        """
        return EntryIds(self.ids | other.ids, {**self.by_name, **other.by_name})
