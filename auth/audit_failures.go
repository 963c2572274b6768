package auth

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	failureEvery = 10 * time.Minute // one row an account, network and kind
	failureRows  = 100              // so often, of a node; the rest is one row
	failureKept  = 10_000           // between, in memory
)

// failures are the sign-ins that failed since the last rows. A flood of them
// fills neither memory nor the audit: what is beyond is only counted.
type failures struct {
	since time.Time
	of    map[auditDoc]int64
	more  int64
}

// noteFailure counts a wrong password or code for the audit, of an account or,
// where there is none, of nobody's.
func (s *Service) noteFailure(kind string, u *userDoc, c Client, err error) {
	a := auditDoc{Event: "sign_in_failed", Detail: kind, Network: area(c.Addr)}
	if u != nil && !strings.HasPrefix(u.ID, "nobody ") {
		a.User = u.ID
	}
	s.noteFailed(a, err)
}

func (s *Service) noteFailed(a auditDoc, err error) {
	switch hutch.CodeOf(err) {
	case hutch.InvalidCredentials, hutch.OTPExpired, hutch.FactorRefused, hutch.WebAuthnFailed:
	default:
		return
	}
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.failed
	if f.of == nil {
		f.since, f.of = now, map[auditDoc]int64{}
	}
	if _, known := f.of[a]; !known && len(f.of) >= failureKept {
		f.more++
		return
	}
	f.of[a]++
}

// merge adds what others counted before.
func (f *failures) merge(o failures) {
	if f.of == nil {
		*f = o
		return
	}
	f.since, f.more = o.since, f.more+o.more
	for a, n := range o.of {
		if _, known := f.of[a]; !known && len(f.of) >= failureKept {
			f.more += n
			continue
		}
		f.of[a] += n
	}
}

// flushFailures writes what was counted, if it is time or all of it: a flush that
// fails loses nothing.
func (s *Service) flushFailures(ctx context.Context, all bool) error {
	now := s.o.Now()
	s.mu.Lock()
	f := s.failed
	if f.of == nil || !all && now.Sub(f.since) < failureEvery {
		s.mu.Unlock()
		return nil
	}
	s.failed = failures{}
	s.mu.Unlock()
	err := s.writeFailures(ctx, now, f)
	if err != nil {
		s.mu.Lock()
		s.failed.merge(f)
		s.mu.Unlock()
	}
	return err
}

// writeFailures writes rows, the most frequent first.
func (s *Service) writeFailures(ctx context.Context, now time.Time, f failures) error {
	rows := slices.SortedFunc(maps.Keys(f.of), func(a, b auditDoc) int {
		return cmp.Or(cmp.Compare(f.of[b], f.of[a]), cmp.Compare(a.User+a.Network+a.Detail, b.User+b.Network+b.Detail))
	})
	for i := range rows {
		rows[i].Count = f.of[rows[i]]
	}
	more := f.more
	for i := range rows[min(len(rows), failureRows):] {
		more += rows[failureRows+i].Count
	}
	rows = rows[:min(len(rows), failureRows)]
	if more > 0 {
		rows = append(rows, auditDoc{Event: "sign_in_failed", Detail: "others", Count: more})
	}
	var ws []data.Write
	for _, a := range rows {
		w, err := s.audit(now, a)
		if err != nil {
			return err
		}
		ws = append(ws, w)
	}
	return s.commit(ctx, now, ws...)
}
