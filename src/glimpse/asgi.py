"""``glimpse.asgi:application``: for whoever runs an ASGI server of their own.

Configuration files are named in GLIMPSE_CONFIG_FILES, separated by colons.
"""

import os

from glimpse.process import Process
from glimpse.settings import load_settings

application = Process(
    load_settings([name for name in os.environ.get("GLIMPSE_CONFIG_FILES", "").split(":") if name])
)
