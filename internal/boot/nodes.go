package boot

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// nodesCollection holds a document a node that serves the app.
const nodesCollection = "_nodes"

const (
	nodeBeat  = 5 * time.Second  // a node writes itself anew
	nodeLife  = 30 * time.Second // so long after its last beat it counts as dead
	nodeSlack = time.Minute      // between nodes' clocks, at first sight
)

type nodeDoc struct {
	ID      string    `bson:"_id"`
	Version int64     `bson:"_version,omitempty"`
	Host    string    `bson:"host"`
	Hutch   string    `bson:"hutch"`   // its version
	Config  string    `bson:"config"`  // digest of all that nodes have to agree on
	Indexes string    `bson:"indexes"` // digest of what the store is configured by
	Since   time.Time `bson:"since"`   // when it began to use the config
	Started time.Time `bson:"started"`
	Heard   time.Time `bson:"heard"`
	// Dropping says that it may have indexes dropped right now, Drops how often it
	// had: others whose indexes are not its own then make sure of theirs.
	Dropping bool  `bson:"dropping,omitempty"`
	Drops    int64 `bson:"drops,omitempty"`
}

// sighting is another node as it was last read. It lives while its document
// changes: by this node's clock, whatever the other's says.
type sighting struct {
	doc nodeDoc
	at  time.Time // when the change was seen
}

// nodes is what this node knows of all that serve the app.
type nodes struct {
	sys data.System
	now func() time.Time

	turn   sync.Mutex // one beat at a time: none writes what was announced before
	mu     sync.Mutex
	own    nodeDoc             // guarded by mu; without Config: not announced
	others map[string]sighting // guarded by mu
	pruned bool                // guarded by mu; indexes that nobody names are gone
	amiss  bool                // guarded by mu; an index of this node's may be gone
	read   time.Time           // guarded by mu; when the others were last read
}

func newNodes(sys data.System, host string, now func() time.Time) *nodes {
	return &nodes{
		sys: sys, now: now, others: map[string]sighting{},
		own: nodeDoc{ID: rand.Text(), Host: host, Hutch: hutch.Version, Started: now()},
	}
}

// announce says which config this node is about to use.
func (n *nodes) announce(ctx context.Context, r *release, publicURL string) error {
	n.mu.Lock()
	if config := r.digest(publicURL); n.own.Config != config {
		n.own.Config, n.own.Indexes, n.own.Since = config, r.indexes(), n.now()
		n.pruned = false
	}
	n.mu.Unlock()
	return n.beat(ctx)
}

// beat writes this node and reads the others; dead ones are removed.
func (n *nodes) beat(ctx context.Context) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	n.mu.Lock()
	if n.own.Config == "" {
		n.mu.Unlock()
		return nil
	}
	first := n.own.Heard.IsZero()
	n.own.Heard = n.now()
	own := n.own
	n.mu.Unlock()
	d, err := data.Marshal(own)
	if err != nil {
		return err
	}
	var lost bool // the others took this one for dead, and may have dropped its indexes
	_, err = n.sys.Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: nodesCollection, ID: own.ID, Expect: data.AnyVersion,
		Next: func(old data.Doc) (data.Doc, error) { lost = old == nil && !first; return d, nil },
	}}})
	if err != nil {
		return fmt.Errorf("writing this node: %w", err)
	}
	if lost {
		n.setAmiss(true)
	}
	now := n.now() // for all of it: what is read may come late
	n.resume(now)
	var dead []data.Write
	seen := map[string]nodeDoc{}
	for raw, err := range n.sys.Find(ctx, data.Query{From: nodesCollection}) {
		if err != nil {
			return fmt.Errorf("reading the nodes: %w", err)
		}
		var d nodeDoc
		if err := data.Unmarshal(raw, &d); err != nil {
			return fmt.Errorf("reading the nodes: %w", err)
		}
		if d.ID == own.ID {
			continue
		}
		if seen[d.ID] = d; !n.sight(d, now) {
			dead = append(dead, data.Write{
				Collection: nodesCollection, ID: d.ID, Expect: d.Version,
				Next: func(data.Doc) (data.Doc, error) { return nil, nil },
			})
		}
	}
	n.forget(seen, now)
	if len(dead) > 0 {
		if _, err := n.sys.Commit(ctx, &data.Batch{Writes: dead}); err != nil && hutch.CodeOf(err) != hutch.Aborted {
			return fmt.Errorf("removing dead nodes: %w", err)
		}
	}
	return nil
}

// resume gives the others their time anew where this node did not look for long:
// when a database is back nobody is dead yet.
func (n *nodes) resume(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.read) > nodeLife/2 {
		for id, s := range n.others {
			n.others[id] = sighting{s.doc, now}
		}
	}
}

// sight notes another node and reports whether it lives. At first sight one that
// was silent for long counts as dead only where nothing hangs on it: the database
// may have been away, and is back for this node first.
func (n *nodes) sight(d nodeDoc, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, known := n.others[d.ID]
	switch {
	case !known && d.Indexes == n.own.Indexes && now.Sub(d.Heard) > nodeLife+nodeSlack:
		return false
	case !known || s.doc.Version != d.Version:
		differs := d.Indexes != n.own.Indexes || known && s.doc.Indexes != n.own.Indexes
		n.amiss = n.amiss || differs && d.Drops != s.doc.Drops
		n.others[d.ID] = sighting{d, now}
		return true
	case now.Sub(s.at) <= nodeLife:
		return true
	}
	n.lose(s)
	return false
}

// lose removes a node, which may have ended while it dropped indexes. mu is held.
func (n *nodes) lose(s sighting) {
	delete(n.others, s.doc.ID)
	n.amiss = n.amiss || s.doc.Dropping && s.doc.Indexes != n.own.Indexes
}

// forget drops the nodes that are no longer there, and notes whether an index
// may be left over from one that differs.
func (n *nodes) forget(seen map[string]nodeDoc, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.read = now // all of them, not only this node written
	for id, s := range n.others {
		if _, ok := seen[id]; !ok {
			n.lose(s)
		} else if s.doc.Indexes != n.own.Indexes {
			n.pruned = false
		}
	}
}

// agreed reports whether all live nodes name the same indexes.
func (n *nodes) agreed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.agree()
}

func (n *nodes) agree() bool {
	for _, s := range n.others {
		if s.doc.Indexes != n.own.Indexes {
			return false
		}
	}
	return true
}

// due reports whether the store is to be configured again: an index of this
// node's may be gone, or all agree and those that nobody names are still there.
func (n *nodes) due() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.amiss || !n.pruned && n.agree()
}

func (n *nodes) setAmiss(amiss bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.amiss = amiss
}

// dropping says that this node is about to have indexes dropped, or is not.
func (n *nodes) dropping(now bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own.Dropping = now
}

// dropped says that it is over.
func (n *nodes) dropped() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own.Dropping = false
	n.own.Drops++
}

func (n *nodes) setPruned(done bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pruned = done
}

// leave removes this node.
func (n *nodes) leave(ctx context.Context) error {
	n.mu.Lock()
	announced := !n.own.Heard.IsZero()
	n.own.Config = "" // no more beats
	id := n.own.ID
	n.mu.Unlock()
	if !announced {
		return nil
	}
	_, err := n.sys.Commit(ctx, &data.Batch{Writes: []data.Write{{
		Collection: nodesCollection, ID: id, Expect: data.AnyVersion,
		Next: func(data.Doc) (data.Doc, error) { return nil, nil },
	}}})
	return err
}

// count is how many nodes live, this one among them.
func (n *nodes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.others) + 1
}

// details is what /readyz?verbose says of the nodes.
func (n *nodes) details(to map[string]any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	show := func(d *nodeDoc) map[string]any {
		return map[string]any{"id": d.ID, "host": d.Host, "hutch": d.Hutch, "config": d.Config, "since": d.Since.UTC(), "started": d.Started.UTC()}
	}
	var differ []map[string]any
	for _, s := range n.others {
		if s.doc.Config != n.own.Config || s.doc.Hutch != n.own.Hutch {
			differ = append(differ, show(&s.doc))
		}
	}
	to["node"], to["nodes"] = show(&n.own), len(n.others)+1
	if len(differ) == 0 {
		return
	}
	slices.SortFunc(differ, func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	to["differing"] = differ
	to["warning"] = fmt.Sprintf("%d of %d nodes run another config or version than this one: clients get different answers; indexes are dropped only when all agree",
		len(differ), len(n.others)+1)
}

// hosts are this node's and those of the others that live.
func (n *nodes) hosts() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for _, s := range n.others {
		out = append(out, s.doc.Host)
	}
	slices.Sort(out)
	return append([]string{n.own.Host}, out...)
}
