package boot

import (
	"context"

	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/server"
)

// openLive starts the hub of live queries and what serves its sockets.
func (a *App) openLive(ctx context.Context) (err error) {
	a.live, err = live.New(ctx, live.Options{Data: a.Data, Key: a.groupKey[:], Now: a.o.Now, Log: a.log})
	if err != nil {
		return err
	}
	c := a.o.Config.Limits
	a.sockets = server.NewRealtime(server.RealtimeOptions{
		Hub: a.live, Auth: a.Auth, Operators: a.Auth.Operators(), Log: a.log, Now: a.o.Now,
		Limits: server.SocketLimits{Connections: int(c.Connections), Sockets: int(c.Sockets), Subscriptions: int(c.Subscriptions)},
	})
	return nil
}
