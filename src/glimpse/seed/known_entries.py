"""KnownEntries: the ids that other entries of a seed refer to, by id or by name."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class KnownEntries:
    """The ids and names of the entries of one kind, such as images.

    `ids` has the ids of all entries. `by_name` gives, for a name, the ids of the entries with that
    name. Several entries may have one name, and the name of an entry may be another entry's id.
    """

    ids: set[str] = field(default_factory=set)
    by_name: dict[str, set[str]] = field(default_factory=dict)

    def add(self, entry_id: str, name: str | None = None) -> None:
        """Add an entry. Without `name`, other entries can refer to the entry only by its id."""
        self.ids.add(entry_id)
        if name is not None:
            self.by_name.setdefault(name, set()).add(entry_id)

    def find(self, text: str) -> set[str]:
        """Return the ids of all entries that have `text` as their id or name.

        The result is empty if there is no such entry.
        """
        return self.by_name.get(text, set()) | ({text} & self.ids)

    def names(self) -> str:
        """Return all names as text for a message: sorted, separated by commas, or ``none``.

        Ids are not named, and neither is an empty name.
        """
        return ", ".join(sorted(name for name in self.by_name if name)) or "none"

    def overridden_by(self, other: "KnownEntries") -> "KnownEntries":
        """Return a new KnownEntries with all entries of this KnownEntries and of `other`.

        A name that both have refers only to the entries of `other`. Do not call `add` on any of the
        three afterwards, because they share sets.
        """
        return KnownEntries(self.ids | other.ids, {**self.by_name, **other.by_name})
