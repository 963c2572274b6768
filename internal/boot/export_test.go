package boot

import (
	"log/slog"

	"github.com/hutch-dev/hutch/server"
)

// Settings are what the dashboard's settings show.
func (a *App) Settings() server.Settings { return settings{a} }

// Log is what the app's parts write to.
func (a *App) Log() *slog.Logger { return a.log }
