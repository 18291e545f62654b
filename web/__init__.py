"""Pages and HTTP API: an installation in the browser. `web.app.create_app` makes the application."""
