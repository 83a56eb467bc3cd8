"""Run the gateway's command line with `python -m alarm_gateway`."""

from alarm_gateway.app import main

main()
