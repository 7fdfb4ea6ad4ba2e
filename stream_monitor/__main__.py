"""``python -m stream_monitor`` is ``stream-monitor``."""

from stream_monitor.cli import main

main()
