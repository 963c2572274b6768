package boot

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/transfer"
	"github.com/hutch-dev/hutch/server"
)

// dataPage is what the Data page asks: the documents, and who looks at them.
type dataPage struct {
	*data.Service
	a *App
}

func (d dataPage) As(ctx context.Context, operator hutch.Principal, uid string) (hutch.Principal, error) {
	return d.a.Auth.As(ctx, operator, uid)
}

func (d dataPage) Views() data.System { return d.System(server.ViewsCollection) }

func (d dataPage) Transfers() server.Transfers {
	return &transfer.Service{Data: d.Service, System: d.System(transfer.Collection), Now: d.a.o.Now}
}

// declared are the collections as the Data page tells of them.
func (r *release) declared() []server.DeclaredCollection {
	out := make([]server.DeclaredCollection, len(r.collections))
	for i := range r.collections {
		c := &r.config.Collections[i]
		out[i] = server.DeclaredCollection{
			Collection: r.collections[i], SchemaFile: c.Schema,
			Access: texts(c.Access), Preset: texts(c.Preset), Default: texts(c.Default), Immutable: c.Immutable, Scan: int(c.Scan),
			Pos: c.Pos,
		}
	}
	return out
}

func texts(named []config.Named) map[string]string {
	m := make(map[string]string, len(named))
	for _, n := range named {
		m[n.Name] = n.Expr.Text
	}
	return m
}
