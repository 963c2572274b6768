package server

import "github.com/hutch-dev/hutch"

// crowd counts what an address holds.
type crowd struct{ unproven, guests, subscriptions int }

// admit counts a socket that has not said hello.
func (r *Realtime) admit(s *socket) (code int, e *hutch.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return closeRestart, &hutch.Error{Code: hutch.Unavailable, Message: "the server is stopping"}
	}
	if len(r.sockets) >= r.o.Limits.Connections {
		return closeCrowd, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many connections"}
	}
	if s.handshake.Counted {
		c := r.crowd[s.address]
		if c == nil {
			c = &crowd{}
			r.crowd[s.address] = c
		}
		if c.unproven >= maxUnproven {
			return closeCrowd, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many connections of this address have not said hello"}
		}
		c.unproven++
	}
	r.sockets[s] = struct{}{}
	return 0, nil
}

// proven moves a socket from those before hello to those of its principal.
func (r *Realtime) proven(s *socket, guest bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.handshake.Counted {
		return true
	}
	c := r.crowd[s.address]
	if !s.counted {
		s.counted = true
		c.unproven--
	}
	if s.guest == guest {
		return true
	}
	if guest && c.guests >= r.o.Limits.Sockets {
		return false
	}
	if s.guest = guest; guest {
		c.guests++
	} else {
		c.guests--
		c.subscriptions -= s.guestSubs
		s.guestSubs = 0
	}
	return true
}

// subscribe counts a guest's subscriptions, now n.
func (r *Realtime) subscribe(s *socket, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.handshake.Counted || !s.guest {
		return true
	}
	c := r.crowd[s.address]
	if n > s.guestSubs && c.subscriptions+n-s.guestSubs > guestSubscriptionsOf {
		return false
	}
	c.subscriptions += n - s.guestSubs
	s.guestSubs = n
	return true
}

func (r *Realtime) leave(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sockets, s)
	if r.closing && len(r.sockets) == 0 {
		close(r.empty)
	}
	c := r.crowd[s.address]
	if !s.handshake.Counted || c == nil {
		return
	}
	if !s.counted {
		c.unproven--
	}
	if s.guest {
		c.guests--
	}
	c.subscriptions -= s.guestSubs
	if *c == (crowd{}) {
		delete(r.crowd, s.address)
	}
}
