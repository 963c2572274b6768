package main

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

const clients = 64

// creates compares a create with its idempotency record, one transaction each,
// with what the store makes of 64 clients.
func (b *bench) creates(ctx context.Context) error {
	header()
	orders, keys := b.db.Collection("orders"), b.db.Collection("_idempotency")
	raw, err := b.measure(ctx, clients, func(ctx context.Context, _, i int) error {
		ses, err := b.client.StartSession()
		if err != nil {
			return err
		}
		defer ses.EndSession(ctx)
		_, err = ses.WithTransaction(ctx, func(ctx context.Context) (any, error) {
			id := b.id()
			if _, err := orders.InsertOne(ctx, bare(id, pet(i))); err != nil {
				return nil, err
			}
			return keys.InsertOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "answer", Value: "ok"}})
		})
		return err
	})
	if err != nil {
		return err
	}
	own, err := b.measure(ctx, clients, func(ctx context.Context, _, i int) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		id := b.id()
		x := put("orders", id, 0, pet(i))
		x.Fresh = true
		_, err := b.stores[0].Commit(ctx, &data.Batch{Now: time.Now(), Writes: []data.Write{x}, Derive: func([]data.Change) ([]data.Write, error) {
			return []data.Write{put("_idempotency", id, 0, data.NewDoc(data.Elem{Name: "answer", Value: data.String("ok")}))}, nil
		}})
		return err
	})
	if err != nil {
		return err
	}
	raw.print("create + key, a transaction each", clients)
	own.print("create + key, store", clients)
	fmt.Printf("%-34s %5s %10.2f %10.2f %10.2f\n", "  ratio", "", own.rate/raw.rate, own.own/raw.own, own.server/raw.server)
	return nil
}

// hot counts one document down by 64 clients under a guard, on 1 to 4 nodes.
func (b *bench) hot(ctx context.Context) error {
	header()
	if err := commit(ctx, b.stores[0], put("hot", "h", data.AnyVersion, data.NewDoc(data.Elem{Name: "n", Value: data.Int(1 << 40)}))); err != nil {
		return err
	}
	for _, nodes := range []int{1, 2, 4} {
		f, err := b.measure(ctx, clients, func(ctx context.Context, w, _ int) error {
			return commit(ctx, b.stores[w%nodes], data.Write{Collection: "hot", ID: "h", Expect: data.AnyVersion, Next: func(d data.Doc) (data.Doc, error) {
				n, _ := data.Integer(data.Field(d, "n"))
				if n < 1 {
					return nil, fmt.Errorf("sold out")
				}
				return data.With(d, data.Elem{Name: "n", Value: data.Int64(n - 1)}), nil
			}})
		})
		if err != nil {
			return err
		}
		f.print(fmt.Sprintf("guarded $inc of one, %d nodes", nodes), clients)
	}
	return nil
}
