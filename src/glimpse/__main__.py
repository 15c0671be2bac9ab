"""``python -m glimpse``: the same as ``glimpse``."""

from glimpse.cli.main import main

raise SystemExit(main())
