package main

import (
	"context"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/boot"
)

// stores lists the stores by the scheme of their URL; fatal ends the process
// after a write to the disk has failed.
func (c *cli) stores(fatal func(error)) []boot.Store {
	return []boot.Store{
		{Scheme: "", Open: func(_ context.Context, o boot.StoreOptions) (data.Store, error) {
			return pebble.Open(pebble.Options{
				Dir: o.Dir, Durability: pebble.Durability(o.Durability), Log: o.Log, Now: o.Now, Fatal: fatal,
				CacheBytes: cacheBytes(memory()),
			})
		}},
		{Scheme: "mongodb", Shared: true, Open: openMongo},
		{Scheme: "mongodb+srv", Shared: true, Open: openMongo},
	}
}

func openMongo(ctx context.Context, o boot.StoreOptions) (data.Store, error) {
	return mongo.Open(ctx, mongo.Options{URL: o.URL, Database: o.Database, Log: o.Log, Now: o.Now})
}
