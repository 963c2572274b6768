package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
)

const (
	documents = 5000
	kinds     = 50
	page      = 20
)

// id is new in every run and measurement.
func (b *bench) id() string { return fmt.Sprintf("n%09d", b.last.Add(1)) }

func petID(n int) string { return fmt.Sprintf("p%05d", n) }

func pet(n int) data.Doc {
	return data.NewDoc(
		data.Elem{Name: "name", Value: data.String(fmt.Sprint("Pet number ", n))},
		data.Elem{Name: "kind", Value: data.String(fmt.Sprint("kind", n%kinds))},
		data.Elem{Name: "rank", Value: data.Int(int64(n))},
		data.Elem{Name: "about", Value: data.String("A friendly animal that looks for somebody who has time for it, every day.")},
	)
}

func put(coll, id string, expect int64, d data.Doc) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: expect, Next: func(data.Doc) (data.Doc, error) { return d, nil }}
}

func commit(ctx context.Context, s *mongo.Store, ws ...data.Write) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := s.Commit(ctx, &data.Batch{Now: time.Now(), Writes: ws})
	return err
}

// bare gives the driver the document that the store would write.
func bare(id string, d data.Doc) bson.Raw {
	return data.With(d, data.Elem{Name: data.FieldID, Value: data.String(id)}, data.Elem{Name: data.FieldVersion, Value: data.Int64(7)})
}

// ops compares single operations of the store with the bare driver's.
func (b *bench) ops(ctx context.Context) error {
	s, pets := b.stores[0], b.db.Collection("pets")
	for n := 0; n < documents; n += 500 {
		var ws []data.Write
		for i := range 500 {
			ws = append(ws, put("pets", petID(n+i), data.AnyVersion, pet(n+i)))
		}
		if err := commit(ctx, s, ws...); err != nil {
			return err
		}
	}
	snapshots := options.Session().SetSnapshot(true)
	read := func(ctx context.Context, f func(context.Context) error) error {
		ses, err := b.client.StartSession(snapshots)
		if err != nil {
			return err
		}
		defer ses.EndSession(ctx)
		return f(driver.NewSessionContext(ctx, ses))
	}
	byKind := data.Where{Op: data.OpEq, Path: "kind"}
	one := func(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }
	for _, x := range []struct {
		name       string
		raw, store func(ctx context.Context, w, i int) error
	}{
		{"get", func(ctx context.Context, _, _ int) error {
			return read(ctx, func(ctx context.Context) error {
				_, err := pets.FindOne(ctx, one(petID(rand.IntN(documents)))).Raw()
				return err
			})
		}, func(ctx context.Context, _, _ int) error {
			sn, err := s.Snapshot(ctx, "")
			if err != nil {
				return err
			}
			defer sn.Close()
			_, err = sn.Get(ctx, "pets", petID(rand.IntN(documents)))
			return err
		}},
		{"list of 20 by index", func(ctx context.Context, _, _ int) error {
			return read(ctx, func(ctx context.Context) error {
				cur, err := pets.Find(ctx, bson.D{{Key: "kind", Value: fmt.Sprint("kind", rand.IntN(kinds))}},
					options.Find().SetSort(bson.D{{Key: "rank", Value: -1}, {Key: "_id", Value: 1}}).SetLimit(page).SetBatchSize(page+1))
				if err != nil {
					return err
				}
				for cur.Next(ctx) {
					_ = cur.Current
				}
				return cur.Err()
			})
		}, func(ctx context.Context, _, _ int) error {
			sn, err := s.Snapshot(ctx, "")
			if err != nil {
				return err
			}
			defer sn.Close()
			w := byKind
			w.Value = data.String(fmt.Sprint("kind", rand.IntN(kinds)))
			for _, err := range sn.Find(ctx, &data.Plan{Collection: "pets", Where: w, OrderBy: []data.Order{{Path: "rank", Desc: true}}, Limit: page, Budget: &data.Budget{}}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"create", func(ctx context.Context, _, i int) error {
			_, err := b.db.Collection("orders").InsertOne(ctx, bare(b.id(), pet(i)))
			return err
		}, func(ctx context.Context, _, i int) error {
			x := put("orders", b.id(), 0, pet(i))
			x.Fresh = true
			return commit(ctx, s, x)
		}},
		{"read and replace", func(ctx context.Context, w, i int) error {
			id := petID(w*100 + i%100)
			d, err := pets.FindOne(ctx, one(id)).Raw()
			if err != nil {
				return err
			}
			guard := bson.D{{Key: "_id", Value: id}, {Key: "_version", Value: d.Lookup("_version")}}
			_, err = pets.ReplaceOne(ctx, guard, data.With(d, data.Elem{Name: "rank", Value: data.Int(rand.Int64())}))
			return err
		}, func(ctx context.Context, w, i int) error {
			return commit(ctx, s, data.Write{Collection: "pets", ID: petID(w*100 + i%100), Expect: data.AnyVersion, Next: func(d data.Doc) (data.Doc, error) {
				return data.With(d, data.Elem{Name: "rank", Value: data.Int(rand.Int64())}), nil
			}})
		}},
	} {
		header()
		for _, n := range []int{1, 16} {
			raw, err := b.measure(ctx, n, x.raw)
			if err != nil {
				return fmt.Errorf("%s by the driver: %w", x.name, err)
			}
			own, err := b.measure(ctx, n, x.store)
			if err != nil {
				return fmt.Errorf("%s: %w", x.name, err)
			}
			raw.print(x.name+", driver", n)
			own.print(x.name+", store", n)
			fmt.Printf("%-34s %5s %10.2f %10.2f %10.2f\n", "  ratio", "", own.rate/raw.rate, own.own/raw.own, own.server/raw.server)
		}
	}
	return nil
}
