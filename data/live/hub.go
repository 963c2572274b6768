// Package live keeps the results of queries current for many clients: groups of
// subscriptions that see the same thing, fed by the one change feed of the node,
// each change matched and encoded once a group.
//
// Hub is the node's; a Client is one connection: its subscriptions and its
// bounded queue of frames (the protocol hutch.v1, without the socket).
//
// Guarantees: a client's frames come in the order of commits, a commit's frames
// as one unit; between a snapshot and the deltas after it nothing is missing;
// who cannot keep up gets `reset` and a new snapshot, never a gap. A write never
// waits for a client.
//
// Limits: a window of 1,000 rows, a snapshot of 4 MiB, a queue of 1 MiB and one
// snapshot. Every group of a collection looks at every change of it.
package live

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch/data"
)

const (
	readers    = 8               // snapshots that are read at the same time
	readersOf  = 2               // of one principal: his slow queries keep nobody waiting
	feedBuffer = 16              // commits between the feed's reader and the hub; then the reader waits
	inboxSize  = 1024            // requests of clients that wait for the hub; then they wait
	retryRead  = time.Second     // until a failed or repeated read of a group
	feedSilent = 3 * time.Second // without news a node delivers nothing
)

// Options of a Hub.
type Options struct {
	Data *data.Service
	Key  []byte // names groups alike on all nodes
	Now  func() time.Time
	Log  *slog.Logger
}

// Hub is the live queries of a node. One goroutine owns the groups.
type Hub struct {
	o      Options
	epoch  string
	inbox  chan func()
	reads  chan struct{}   // a place for each reader
	ctx    context.Context //nolint:containedctx // the hub's own life
	cancel context.CancelFunc
	done   sync.WaitGroup
	shown  atomic.Value  // data.Position
	given  atomic.Uint64 // frames that clients took
	resets atomic.Uint64 // sent
	count  atomic.Int32  // of groups

	// Of the hub's goroutine alone:
	pos     data.Position
	groups  map[string]*group
	listed  []*group // the same, for who looks on
	byColl  map[string]map[*group]struct{}
	results map[*group]struct{}  // groups whose read is ahead of the feed
	syncs   map[*Client]struct{} // clients that wait for a position
	touched []*Client            // by the commit at work
	busy    map[string]int       // reads under way, by principal
	queued  map[string][]*group  // that wait for a read of their principal to end
}

// New starts a hub; Close stops it.
func New(ctx context.Context, o Options) (*Hub, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	info, err := o.Data.Info(ctx)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		o: o, epoch: info.Epoch, inbox: make(chan func(), inboxSize), reads: make(chan struct{}, readers),
		groups: map[string]*group{}, byColl: map[string]map[*group]struct{}{}, syncs: map[*Client]struct{}{}, results: map[*group]struct{}{},
		busy: map[string]int{}, queued: map[string][]*group{},
	}
	h.ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	h.pos = o.Data.Feed().Head()
	if h.pos == "" {
		h.pos = info.Head
	}
	h.shown.Store(h.reached())
	h.done.Go(h.run)
	return h, nil
}

// Close ends delivery and waits for the hub's goroutines. Clients are closed by
// their owners.
func (h *Hub) Close() {
	h.cancel()
	h.done.Wait()
}

// Epoch is the store's: positions compare within one.
func (h *Hub) Epoch() string { return h.epoch }

// do runs f on the hub's goroutine, later. It reports whether f will run.
func (h *Hub) do(f func()) bool {
	select {
	case h.inbox <- f:
		return true
	case <-h.ctx.Done():
		return false
	}
}

// wait runs f on the hub's goroutine and returns when it has.
func (h *Hub) wait(f func()) {
	ran := make(chan struct{})
	if !h.do(func() { f(); close(ran) }) {
		return
	}
	select {
	case <-ran:
	case <-h.ctx.Done():
	}
}

func (h *Hub) run() {
	news := make(chan data.Commit, feedBuffer)
	gone := make(chan struct{}, 1)
	h.done.Go(func() { h.follow(h.pos, news, gone) })
	for {
		select {
		case <-h.ctx.Done():
			return
		case f := <-h.inbox:
			f()
		case c := <-news:
			h.commit(&c)
		case <-gone:
			h.lost()
		}
	}
}

// follow hands commits to the hub; gone says that some are missing before the next.
func (h *Hub) follow(after data.Position, news chan<- data.Commit, gone chan<- struct{}) {
	for h.ctx.Err() == nil {
		for c, err := range h.o.Data.Feed().Read(h.ctx, after) {
			if err != nil {
				if h.ctx.Err() != nil {
					return
				}
				h.o.Log.WarnContext(h.ctx, "live queries lost the feed", "error", err)
				after = h.o.Data.Feed().Head()
				select {
				case gone <- struct{}{}:
				default: // the hub has not looked at the last one
				}
				break
			}
			after = c.Position
			select {
			case news <- c:
			case <-h.ctx.Done():
				return
			}
		}
		select {
		case <-h.ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// lost makes every group read itself anew.
func (h *Hub) lost() {
	h.pos = max(h.pos, h.o.Data.Feed().Head())
	for _, g := range h.groups {
		g.reset("log_gone")
	}
}

// commit takes a commit, or progress, to all groups and clients.
func (h *Hub) commit(c *data.Commit) {
	if c.Position <= h.pos && len(c.Changes) > 0 {
		return
	}
	h.pos = max(h.pos, c.Position)
	defer h.shown.Store(h.reached())
	h.touched = h.touched[:0]
	for i := range c.Changes {
		for g := range h.byColl[c.Changes[i].Collection] {
			if c.Changes[i].Op == data.OpReset {
				g.reset("log_gone")
			} else {
				g.change(&c.Changes[i])
			}
		}
	}
	if len(c.Changes) > 0 {
		for _, coll := range collections(c.Changes) {
			for g := range h.byColl[coll] {
				g.flush()
			}
		}
	}
	for _, client := range h.touched {
		client.flush()
	}
	clear(h.touched)
	for g := range h.results {
		if g.result.at <= h.pos {
			g.apply()
		}
	}
	for client := range h.syncs {
		client.answerSyncs()
	}
}

// collections lists the collections of changes, each once.
func collections(cs []data.Change) []string {
	var out []string
next:
	for i := range cs {
		for _, o := range out {
			if o == cs[i].Collection {
				continue next
			}
		}
		out = append(out, cs[i].Collection)
	}
	return out
}

// join makes client a member of the group that view names, which is made if it
// is new, its reads counting as owner's; reader is a second binding of the same query, for reading.
func (h *Hub) join(c *Client, id int64, gen uint64, owner string, view, reader *data.View) {
	g := h.groups[view.Key]
	if g == nil {
		g = &group{hub: h, key: view.Key, q: h.name(view.Key), owner: owner, view: view, reader: reader, members: map[*Client]*member{}}
		g.ctx, g.cancel = context.WithCancel(h.ctx)
		g.limit = view.Query.Limit
		g.placed = len(view.Query.OrderBy) > 0 || g.limit != maxRows
		h.groups[g.key] = g
		h.list(g)
		coll := view.Query.From
		if h.byColl[coll] == nil {
			h.byColl[coll] = map[*group]struct{}{}
		}
		h.byColl[coll][g] = struct{}{}
	}
	g.add(c, id, gen)
}

// drop forgets a group without members.
func (h *Hub) drop(g *group) {
	g.over = true
	g.cancel()
	h.unqueue(g)
	delete(h.results, g)
	delete(h.groups, g.key)
	h.unlist(g)
	coll := g.view.Query.From
	delete(h.byColl[coll], g)
	if len(h.byColl[coll]) == 0 {
		delete(h.byColl, coll)
	}
}

// name is q: a keyed hash of the group's key.
func (h *Hub) name(key string) string {
	mac := hmac.New(sha256.New, h.o.Key)
	mac.Write([]byte("hutch live group\x00" + h.epoch + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// silent reports whether the feed has said nothing for so long that what this
// node knows of rights may be old: then nothing is delivered.
func (h *Hub) silent() bool {
	heard := h.o.Data.Feed().Heard()
	return !heard.IsZero() && h.o.Now().Sub(heard) > feedSilent
}

// reached is the hub's position as frames show it, also before the first commit.
func (h *Hub) reached() data.Position { return max(h.pos, "0000000000000000") }

// Position is the newest that the hub has delivered up to.
func (h *Hub) Position() data.Position {
	p, _ := h.shown.Load().(data.Position)
	return p
}
