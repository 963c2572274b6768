package mongo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// audience is a client of a live query, by document the n that it shows.
type audience struct {
	t      *testing.T
	client *live.Client
	news   chan struct{}
	rows   map[string]int
	resets int
	log    []string
}

// listen opens a node with a hub, and a live query of pets.
func listen(t *testing.T, uri string) *audience {
	t.Helper()
	store := openAt(t, uri, mongo.Options{})
	service := data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})
	t.Cleanup(func() { service.Close() })
	if err := service.Use(t.Context(), data.App{Version: "v1", Collections: []data.Collection{{Name: "pets"}}}); err != nil {
		t.Fatal(err)
	}
	hub, err := live.New(t.Context(), live.Options{Data: service, Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Close)
	a := &audience{t: t, news: make(chan struct{}, 1)}
	system := hutch.Principal{Kind: hutch.System}.Sealed()
	a.client = hub.Connect(system, data.Request{Op: data.OpList}, func() {
		select {
		case a.news <- struct{}{}:
		default:
		}
	})
	t.Cleanup(a.client.Close)
	a.client.Sub(t.Context(), 1, data.Query{From: "pets"})
	return a
}

// shows waits until the query shows documents, written "id:n".
func (a *audience) shows(want ...string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 20*time.Second)
	defer cancel()
	for {
		for _, f := range a.client.Take(nil) {
			a.apply(f.Text)
		}
		var got []string
		for id, n := range a.rows {
			got = append(got, fmt.Sprintf("%s:%d", id, n))
		}
		if slices.Sort(got); a.rows != nil && slices.Equal(got, want) {
			return
		}
		select {
		case <-a.news:
		case <-ctx.Done():
			a.t.Fatalf("the query shows %s, want %s; frames\n%s", got, want, strings.Join(a.log, "\n"))
		}
	}
}

func (a *audience) apply(text []byte) {
	a.t.Helper()
	type doc struct {
		ID string `json:"_id"`
		N  int    `json:"n"`
	}
	var f struct {
		T    string `json:"t"`
		Why  string `json:"why"`
		Docs []doc  `json:"docs"`
		Ch   []struct {
			Op, ID string
			Doc    doc
		} `json:"ch"`
	}
	a.log = append(a.log, string(text))
	if err := json.Unmarshal(text, &f); err != nil {
		a.t.Fatalf("%s: %v", text, err)
	}
	switch f.T {
	case "snap":
		if a.rows == nil {
			a.rows = map[string]int{}
		}
		for _, d := range f.Docs {
			a.rows[d.ID] = d.N
		}
	case "delta":
		for _, c := range f.Ch {
			if c.Op == "set" {
				a.rows[c.Doc.ID] = c.Doc.N
			} else {
				delete(a.rows, c.ID)
			}
		}
	case "reset":
		a.rows = nil
		if a.resets++; f.Why != "log_gone" {
			a.t.Errorf("frame %s", text)
		}
	}
}

// What another program does to the database shows up in live queries, on every
// node.
func TestLiveQueriesShowWhatOtherProgramsWrite(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	nodes := []*audience{listen(t, uri), listen(t, uri)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db := plain(t, uri)
	pets := db.Collection("pets")
	shows := func(want ...string) {
		t.Helper()
		for _, a := range nodes {
			a.shows(want...)
		}
	}
	resets := func(want int) {
		t.Helper()
		for i, a := range nodes {
			if a.resets != want {
				t.Errorf("node %d: %d resets, want %d; frames\n%s", i, a.resets, want, strings.Join(a.log, "\n"))
			}
		}
	}
	id := func(id any) bson.D { return bson.D{{Key: "_id", Value: id}} }
	n := func(n int) bson.E { return bson.E{Key: "n", Value: n} }
	ctx := t.Context()
	shows()
	_, err := pets.InsertMany(ctx, []any{append(id("a"), n(1)), append(id("b"), n(1)), append(id(7), n(1))})
	must(err)
	shows("a:1", "b:1")
	_, err = pets.UpdateMany(ctx, bson.D{}, bson.D{{Key: "$set", Value: bson.D{n(2)}}})
	must(err)
	shows("a:2", "b:2")
	_, err = pets.DeleteOne(ctx, id("a"))
	must(err)
	shows("b:2")
	resets(0)
	_, err = db.Collection("others").InsertOne(ctx, append(id("o"), n(5)))
	must(err)
	cur, err := db.Collection("others").Aggregate(ctx, bson.A{bson.D{{Key: "$out", Value: "pets"}}})
	must(err)
	must(cur.Close(ctx))
	shows("o:5")
	resets(1)
	must(pets.Drop(ctx))
	shows()
	resets(2)
	_, err = pets.InsertOne(ctx, append(id("c"), n(1)))
	must(err)
	shows("c:1")
	_, err = pets.UpdateOne(ctx, id("c"), bson.D{{Key: "$set", Value: bson.D{n(2)}}}) // no old image is kept here
	must(err)
	shows("c:2")
	resets(3)
	must(db.Drop(ctx))
	shows()
	_, err = pets.InsertOne(ctx, append(id("d"), n(1)))
	must(err)
	shows("d:1")
}
