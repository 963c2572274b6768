package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Store is a database of a replica set. It is safe for concurrent use.
type Store struct {
	o      Options
	client *mongo.Client
	db     *mongo.Database // majority reads and writes
	local  *mongo.Database // reads of the newest, which a guard then proves
	free   chan *mongo.Session

	known newest // operationTime: a position that exists
	clock newest // $clusterTime: not below any commit whose effect was seen
	seen  newest // acknowledged or shown by this node, so a majority has it: snapshots hold it

	term      term
	elections atomic.Int64 // that the driver has told of
	settled   atomic.Int64 // of them: seen holds what the primary took over

	epoch string
	first instant // the log of this database begins behind it

	cat         atomic.Pointer[catalog]
	configuring chan struct{} // a place for one Configure
	queue       queue

	ctx    context.Context //nolint:containedctx // the store's own life
	cancel context.CancelFunc
	uses   sync.WaitGroup
	mu     sync.Mutex // guards closed
	closed bool
}

// Open connects, waits for a primary and finds or makes the store's own notes.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, free: make(chan *mongo.Session, maxSessions), configuring: make(chan struct{}, 1)}
	how := options.Client().ApplyURI(o.URL).SetAppName("hutch").SetServerMonitor(&driver.ServerMonitor{TopologyDescriptionChanged: s.watch}).
		SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary()).
		SetRetryReads(true).SetRetryWrites(true).SetMaxPoolSize(maxPool).SetServerSelectionTimeout(o.Patience)
	how.Timeout = nil // callers have deadlines; the stream waits as long as it likes
	client, err := mongo.Connect(how)
	if err != nil {
		// the driver's text may quote the URL, which holds a password
		return nil, hutch.Errorf(hutch.InvalidArgument, "the URL of the store is not one of MongoDB")
	}
	s.client = client
	s.db = client.Database(o.Database)
	s.local = client.Database(o.Database, options.Database().SetReadConcern(readconcern.Local()))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.cat.Store(newCatalog())
	s.queue = queue{commit: s.commitGroup, uses: &s.uses, busy: map[docID]*flight{}}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.uses.Add(1)
	go s.refreshMany()
	return s, nil
}

// begin checks what it is connected to and reads or makes the epoch.
func (s *Store) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	ses, sc, err := s.session(ctx)
	if err != nil {
		return failed(ctx, "opening the store", err)
	}
	defer s.release(ses)
	if err := s.checkServer(sc); err != nil {
		return err
	}
	s.saw(ses)
	if err := s.loadCollections(sc); err != nil {
		return err
	}
	if err := s.note(sc, rand.Text(), s.known.load()); err != nil {
		return failed(ctx, "making the store's notes", err)
	}
	var note struct{ Epoch, First string }
	if err := s.db.Collection(storeCollection).FindOne(sc, bson.D{{Key: "_id", Value: "epoch"}}).Decode(&note); err != nil {
		return failed(ctx, "reading the store's notes", err)
	}
	s.epoch = note.Epoch
	if s.first, err = parsePosition(data.Position(note.First)); err != nil || s.epoch == "" {
		return hutch.Errorf(hutch.Internal, "the store's notes in %s cannot be read", storeCollection)
	}
	return nil
}

// note makes the store's notes where there are none.
func (s *Store) note(sc context.Context, epoch string, first instant) error {
	_, err := s.db.Collection(storeCollection).InsertOne(sc, bson.D{
		{Key: "_id", Value: "epoch"}, {Key: "epoch", Value: epoch}, {Key: "first", Value: string(first.position())},
	})
	if classOf(err) == classDuplicate {
		return nil
	}
	return err
}

// touch reads the store's notes, so that the server tells the time. They are made
// again when somebody has dropped the database.
func (s *Store) touch(sc context.Context) error {
	err := s.db.Collection(storeCollection).FindOne(sc, byID("epoch")).Err()
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return err
	}
	ses, own, err := s.session(sc)
	if err != nil {
		return err
	}
	defer s.release(ses)
	if err := s.note(own, s.epoch, s.first); err != nil {
		return err
	}
	return errNoted
}

// errNoted says that the notes were made anew: what looked for them looks again.
var errNoted = errors.New("the store's notes were gone")

func (s *Store) checkServer(ctx context.Context) error {
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
		Wire    int    `bson:"maxWireVersion"`
	}
	if err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return failed(ctx, "connecting to the database", err)
	}
	switch {
	case hello.Msg == "isdbgrid":
		return hutch.Errorf(hutch.FailedPrecondition, "the store is behind mongos: sharded clusters are not served yet").
			WithHint("name the members of one replica set")
	case hello.SetName == "":
		return hutch.Errorf(hutch.FailedPrecondition, "the MongoDB server is not part of a replica set").
			WithHint("start mongod with --replSet and call rs.initiate(); one member is enough to try")
	case hello.Wire < 17:
		return hutch.Errorf(hutch.FailedPrecondition, "MongoDB is older than 6.0")
	}
	return nil
}

// session takes a session: only with one of its own does the driver show a
// reply's times. release gives it back.
func (s *Store) session(ctx context.Context) (*mongo.Session, context.Context, error) {
	select {
	case ses := <-s.free:
		return ses, mongo.NewSessionContext(ctx, ses), nil
	default:
	}
	ses, err := s.client.StartSession(options.Session().SetCausalConsistency(false))
	if err != nil {
		return nil, nil, err
	}
	return ses, mongo.NewSessionContext(ctx, ses), nil
}

func (s *Store) release(ses *mongo.Session) {
	s.saw(ses)
	select {
	case s.free <- ses:
	default:
		ses.EndSession(context.Background())
	}
}

// saw takes over the times of a reply. Versions go by $clusterTime: the
// operationTime of a read can be older than the newest commit that it shows.
func (s *Store) saw(ses *mongo.Session) {
	if t := ses.OperationTime(); t != nil {
		s.known.advance(instantOf(*t))
	}
	if t, i, ok := ses.ClusterTime().Lookup("$clusterTime", "clusterTime").TimestampOK(); ok {
		s.clock.advance(instantOf(bson.Timestamp{T: t, I: i}))
	}
}

// enter begins a use of the store; leave must follow when it gives true.
func (s *Store) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.uses.Add(1)
	return true
}

func (s *Store) leave() { s.uses.Done() }

// Close waits for what is under way and disconnects.
func (s *Store) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	s.cancel()
	s.uses.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("disconnecting from the database: %w", err)
	}
	return nil
}

// ctxError says why ctx ended before anything was done.
func ctxError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return hutch.Errorf(hutch.DeadlineExceeded, "the store did not answer in time")
	}
	return hutch.Errorf(hutch.Cancelled, "the caller gave up")
}
