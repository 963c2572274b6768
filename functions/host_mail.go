package functions

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxMails = 100 // of one run, an address each

// Mail is what sends the app's own mails: auth's, plugged by boot.
type Mail interface {
	// Rows are the jobs that send a mail, a JSON object as MailOps says; depth is
	// that of the job it is sent from. count says of an address whether a mail to
	// it counts still.
	Rows(ctx context.Context, mail json.RawMessage, depth int, count func(address string) bool) ([]data.Write, error)
}

// memory is what a call keeps over all its runs: how many mails to an address
// were counted, so that one that is run again counts once, and what users keep.
type memory struct {
	mu    sync.Mutex     // guards the rest
	most  map[string]int // of any run
	now   map[string]int // of this run
	users UserCall       // nil until it is needed
}

// again begins another run.
func (s *memory) again() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = map[string]int{}
	return s
}

// manage begins a run's changes of users.
func (s *memory) manage(u Users, depth int) UserChanges {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == nil {
		s.users = u.Begin()
	}
	return s.users.Manage(depth)
}

// counts notes a mail of this run and reports whether no run before had it.
func (s *memory) counts(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most == nil {
		s.most = map[string]int{}
	}
	s.now[address]++
	if s.now[address] <= s.most[address] {
		return false
	}
	s.most[address] = s.now[address]
	return true
}

// mail buffers a mail: its jobs go with the run's commit.
func (h *host) mail(ctx context.Context, args data.Doc) error {
	switch {
	case h.set.service.o.Mail == nil:
		return hutch.Errorf(hutch.Unimplemented, "there is no mail here")
	case !h.f.info.Writes:
		return errReads()
	}
	in, ok := data.Field(args, "mail").DocumentOK()
	if !ok {
		return bad("mail", "a mail is an object")
	}
	js, err := data.AppendJSON(nil, in)
	if err != nil {
		return err
	}
	s := h.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return hutch.Errorf(hutch.FailedPrecondition, "the run is over")
	}
	rows, err := s.service.o.Mail.Rows(ctx, js, s.depth, s.kept.counts)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for i := range s.mails {
		known[s.mails[i].ID] = true
	}
	for _, w := range rows {
		if !known[w.ID] { // the same key again is the same mail
			s.mails = append(s.mails, w)
		}
	}
	if len(s.mails) > maxMails {
		return hutch.Errorf(hutch.ResourceExhausted, "a run sends at most %d mails", maxMails)
	}
	return nil
}
