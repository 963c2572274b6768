package auth

import (
	"net/netip"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

// begin adds a session; those that have ended go, and the oldest of too many.
// Halves are bounded apart: who has the password alone ends no whole session.
func (o *Operators) begin(d *operatorDoc, aal string, c Client, now time.Time) (*operatorSession, error) {
	b, err := random(o.s.o.Entropy, 16)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	s := operatorSession{ID: base62(b), AAL: aal, Authentic: now, Seen: now, Created: now, Agent: c.agent(), Addr: c.address()}
	d.Sessions = slices.DeleteFunc(slices.Clone(d.Sessions), func(x operatorSession) bool { return !o.lives(d, &x, now) })
	surplus := o.surplusWhole
	if o.owes(d, &s) != "" {
		surplus = o.surplusHalf
	}
	for id := surplus(d, &s); id != ""; id = surplus(d, &s) {
		d.end(id)
	}
	d.Sessions = append(d.Sessions, s)
	return &d.Sessions[len(d.Sessions)-1], nil
}

// surplusWhole is the session to end for one more, "" for none.
func (o *Operators) surplusWhole(d *operatorDoc, _ *operatorSession) string {
	oldest, n := "", 0
	for i := range d.Sessions {
		if x := &d.Sessions[i]; o.owes(d, x) == "" {
			if n++; n == 1 {
				oldest = x.ID
			}
		}
	}
	if n < maxOperatorSessions {
		return ""
	}
	return oldest
}

// halves are the sessions of a network (IPv4 /24, IPv6 /48) that owe a factor.
type halves struct {
	area   string
	oldest string
	n      int
	known  bool // the operator signed in from there before
}

// surplusHalf is the half to end for a new one, "" for none: the oldest of its own
// network, so that who has the password elsewhere pushes nobody out. Of too many
// in all it is one of a network that the operator never signed in from, where
// there are most.
func (o *Operators) surplusHalf(d *operatorDoc, s *operatorSession) string {
	all, n := o.halvesOf(d)
	own := area(s.from().Addr)
	if i := slices.IndexFunc(all, func(h halves) bool { return h.area == own }); i >= 0 && all[i].n >= maxNetworkHalves {
		return all[i].oldest
	}
	if n < maxOperatorHalves {
		return ""
	}
	return slices.MaxFunc(all, func(a, b halves) int { // the first of equals
		switch {
		case a.known == b.known:
			return a.n - b.n
		case a.known:
			return -1
		}
		return 1
	}).oldest
}

// halvesOf counts them, by the oldest of each network.
func (o *Operators) halvesOf(d *operatorDoc) (all []halves, n int) {
	for i := range d.Sessions {
		x := &d.Sessions[i]
		if o.owes(d, x) == "" {
			continue
		}
		from := x.from()
		j := slices.IndexFunc(all, func(h halves) bool { return h.area == area(from.Addr) })
		if j < 0 {
			j, all = len(all), append(all, halves{area: area(from.Addr), oldest: x.ID})
		}
		all[j].n, n = all[j].n+1, n+1
		all[j].known = all[j].known || seen(d.Networks, o.s.networkMark(from))
	}
	return all, n
}

// from is where a session was last used.
func (s *operatorSession) from() Client {
	a, err := netip.ParseAddr(s.Addr)
	if err != nil {
		return Client{}
	}
	return Client{Addr: a}
}
