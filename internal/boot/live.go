package boot

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
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

// nodesThere are the nodes that serve the app, this one first.
func (a *App) nodesThere() []server.Node {
	if a.nodes == nil {
		return []server.Node{{Host: a.o.Host, Version: hutch.Version, Started: a.sockets.Started(), This: true}}
	}
	return a.nodes.there()
}

// there lists this node, then those that it has heard of.
func (n *nodes) there() []server.Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	show := func(d *nodeDoc, this bool) server.Node {
		return server.Node{ID: d.ID, Host: d.Host, Version: d.Hutch, Started: d.Started, This: this}
	}
	out := []server.Node{show(&n.own, true)}
	for _, s := range n.others {
		out = append(out, show(&s.doc, false))
	}
	slices.SortFunc(out[1:], func(a, b server.Node) int {
		return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.ID, b.ID))
	})
	return out
}
