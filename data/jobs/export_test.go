package jobs

import "time"

// Die ends the pool as the end of its process would: nothing is given back.
func (p *Pool) Die() {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.abort(errClosing)
	p.takes.Wait()
	p.done.Wait()
}

// KindOf is the kind in the id of a job.
func KindOf(id string) string { return kindOf(id) }

// Pause is a backoff's pause.
func (b Backoff) Pause(try int, below func(int64) int64) time.Duration {
	return b.filled().pause(try, below)
}
