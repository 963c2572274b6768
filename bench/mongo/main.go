// Command mongo measures the MongoDB store beside the bare driver that does the
// same, on a replica set of this machine: operations a second, this process' CPU
// an operation, and what the mongod processes spend.
//
//	HUTCH_MONGO=mongodb://.../?replicaSet=rs0 go run ./bench/mongo [-time 4s] [-only ops,creates,hot,feed]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "mongo:", err)
		os.Exit(1)
	}
}

// bench is one run: a database of its own, the bare driver and stores beside it.
type bench struct {
	uri    string // with the database
	name   string
	length time.Duration
	client *driver.Client
	db     *driver.Database
	stores []*mongo.Store
	last   atomic.Int64
}

func run(ctx context.Context) error {
	b := &bench{name: fmt.Sprint("bench_", os.Getpid())}
	var only string
	flag.DurationVar(&b.length, "time", 4*time.Second, "of each measurement")
	flag.StringVar(&only, "only", "ops,creates,hot,feed", "what to measure, by comma")
	flag.Parse()
	hosts, query, _ := strings.Cut(os.Getenv("HUTCH_MONGO"), "/?")
	if hosts == "" {
		return fmt.Errorf("HUTCH_MONGO names no replica set; scripts/mongo.sh starts one")
	}
	b.uri = hosts + "/" + b.name + "?" + query
	var err error
	b.client, err = driver.Connect(options.Client().ApplyURI(b.uri).SetMaxPoolSize(200).
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()))
	if err != nil {
		return err
	}
	b.db = b.client.Database(b.name)
	defer func() {
		_ = b.db.Drop(ctx)
		_ = b.client.Disconnect(ctx)
	}()
	for range 4 {
		s, err := mongo.Open(ctx, mongo.Options{URL: b.uri})
		if err != nil {
			return err
		}
		defer func() { _ = s.Close() }()
		b.stores = append(b.stores, s)
		if err := s.Configure(ctx, collections, true); err != nil {
			return err
		}
	}
	parts := map[string]func(context.Context) error{"ops": b.ops, "creates": b.creates, "hot": b.hot, "feed": b.feed}
	for name := range strings.SplitSeq(only, ",") {
		f := parts[name]
		if f == nil {
			return fmt.Errorf("nothing is called %q", name)
		}
		if err := f(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

var collections = []data.Collection{
	{Name: "pets", Indexes: []data.Index{{Name: "kind_-rank", Fields: []data.Order{{Path: "kind"}, {Path: "rank", Desc: true}}}}},
	{Name: "orders"},
	{Name: "hot"},
	{Name: "_idempotency"},
}
