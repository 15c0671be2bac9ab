"""``python -m glimpse``: the same as ``glimpse``."""

from glimpse.cli import main

raise SystemExit(main())
