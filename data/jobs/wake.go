package jobs

import (
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// expectFor is how long a row written under a lease keeps its place before the
// feed shows it: a commit that was refused shows none.
const expectFor = 2 * time.Second

// expected is a row that this node leased to itself as it was written.
type expected struct {
	h     *handler
	doc   data.Doc
	until time.Time
}

// Row is jobs.Row, and leases the job to this node where it has a place free, so
// that it begins when the feed shows its commit, without a claim.
func (p *Pool) Row(j Job) data.Write {
	now := p.c.Now()
	if j.Key != "" || j.Order != "" || j.At.After(now) || j.Check() != nil {
		return Row(j)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.handlers[j.Kind]
	if h == nil || !p.hearing || len(h.ready) > 0 || p.room(h) == 0 {
		return Row(j)
	}
	w := data.Write{Collection: collection, ID: j.id()}
	until := now.Add(p.c.Lease)
	d := j.doc(w.ID, 1, leaseOf(p.holder, 1, until), until)
	p.leased[w.ID] = &expected{h: h, doc: d, until: now.Add(expectFor)}
	return j.write(w, d)
}

// listen wakes the kinds of new rows.
func (p *Pool) listen() {
	for p.claim.Err() == nil {
		from := p.c.Feed.Head()
		for wait := 0; from == "" && wait < 20; wait++ { // it has not begun to read
			select {
			case <-p.claim.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			from = p.c.Feed.Head()
		}
		p.hears(true)
		for c, err := range p.c.Feed.Read(p.claim, from) {
			if err != nil {
				break // the log is gone behind a slow reader: from its head on; ticks find the rest
			}
			for i := range c.Changes {
				if ch := &c.Changes[i]; ch.Collection == collection && ch.Op == data.OpCreate {
					p.heard(ch.ID)
				}
			}
		}
		p.hears(false)
		select {
		case <-p.claim.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// hears says whether the feed shows what is committed from now on.
func (p *Pool) hears(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hearing = yes; !yes {
		return
	}
	for _, h := range p.handlers { // what came before is looked for
		h.dry = false
		h.signal()
	}
}

// overdue gives up the places of rows that the feed has not shown in time, and
// begins those that are there nevertheless.
func (p *Pool) overdue() {
	now := p.c.Now()
	p.mu.Lock()
	late := map[string]*expected{}
	for id, e := range p.leased {
		if now.After(e.until) {
			late[id] = e
			delete(p.leased, id)
		}
	}
	p.mu.Unlock()
	for id, e := range late {
		r := p.runOf(e.h, e.doc)
		if d, err := p.c.System.Get(p.claim, collection, id); err == nil && r.holds(d) {
			p.begin(e.h, r)
			continue
		}
		p.again(e.h)
	}
}

// again has a kind look for jobs.
func (p *Pool) again(h *handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.dry = false
	h.signal()
}

// heard begins the job that this node leased itself, or wakes its kind.
func (p *Pool) heard(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.leased[id]; e != nil {
		delete(p.leased, id)
		if !p.closing {
			p.beginLocked(e.h, p.runOf(e.h, e.doc))
			return
		}
	}
	if h := p.handlers[kindOf(id)]; h != nil {
		h.dry = false
		h.signal()
	}
}

// fullness is how many jobs of a kind there were, and how many were let in since.
type fullness struct {
	jobs int
	at   time.Time
}

// Full refuses what would make the queue of a kind longer than Config.Queued:
// resource_exhausted, with when to ask again. It looks once a second and counts
// what it lets in between, so many nodes together may pass the limit by what
// they let in within a second.
func (p *Pool) Full(kind string) error {
	p.mu.Lock()
	f := p.full[kind]
	now := p.c.Now()
	fresh := f != nil && now.Sub(f.at).Abs() < time.Second
	p.mu.Unlock()
	if !fresh {
		n, err := p.count(kind, p.c.Queued)
		if err != nil {
			return err
		}
		f = &fullness{jobs: n, at: now}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full[kind] = f
	if f.jobs >= p.c.Queued {
		e := hutch.Errorf(hutch.ResourceExhausted, "too many jobs wait")
		e.RetryAfter = time.Second
		return e
	}
	f.jobs++
	return nil
}

// count is how many living jobs a kind has, counted up to most.
func (p *Pool) count(kind string, most int) (n int, err error) {
	q := data.Query{From: collection, Where: data.Where{Op: data.OpEq, Path: fQueue, Value: data.String(kind)}, Limit: most}
	for _, err := range p.c.System.Find(p.base, q) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
