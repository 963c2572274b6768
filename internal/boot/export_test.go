package boot

import "github.com/hutch-dev/hutch/server"

// Settings are what the dashboard's settings show.
func (a *App) Settings() server.Settings { return settings{a} }
