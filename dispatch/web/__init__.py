"""The console in the browser: the page, the live WebSocket, and the actions."""
