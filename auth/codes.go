package auth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// useCode checks a typed code under the limits and uses it.
func (s *Service) useCode(ctx context.Context, r VerifyRequest, p proof, c Client) (*Session, error) {
	e, err := parseEmail(r.Email)
	if err != nil {
		return nil, err
	}
	p.typed = true
	subject, known, err := s.subjectOf(ctx, r.Type, e, c)
	if err != nil {
		return nil, err
	}
	t, err := s.beginCode(ctx, subject, c, known)
	if err != nil {
		return nil, err
	}
	var out *Session
	err = rerun(ctx, func() error {
		d, err := s.openCode(ctx, purposesOf(r.Type), subject, cmp.Or(r.Token, r.TokenHash))
		if err != nil {
			return err
		}
		out, err = s.effect(ctx, d, p, c)
		return err
	})
	s.noteFailure("code", &userDoc{ID: subject}, c, err)
	if err == nil {
		t.passed(ctx)
	}
	return out, err
}

// beginCode counts a try of a code, which is short: of a pair (account, network),
// with wrong passwords of the network, of the account whoever asks. known: the
// account was signed in to from that network before; then others' tries, which
// the last two count, do not refuse, and the pair's own limit always does.
func (s *Service) beginCode(ctx context.Context, subject string, c Client, known bool) (*try, error) {
	t, l := &try{s: s}, s.o.Limits
	var cs []data.Count
	if known = known && c.counted(); c.counted() { // without a pair the account's limit is the only one
		pair := c.network() + " " + subject
		t.pair = []string{"code pair " + pair, "codes pair " + pair}
		cs = append(cs,
			data.Count{Key: t.pair[0], Free: l.FreeTries, Base: l.Wait, Most: l.MaxWait},
			data.Count{Key: t.pair[1], Limit: codesAPair, Window: 24 * time.Hour})
		cs = append(cs, c.counts("network", data.Count{Limit: l.FailuresPerNetwork, Window: time.Hour, Pass: known})...)
	}
	cs = append(cs, data.Count{Key: "codes " + subject, Limit: codesADay, Window: 24 * time.Hour, Pass: known})
	return t, t.count(ctx, cs)
}

// openCode finds the document whose code is given. A wrong one counts, in a
// commit before it is told; the fifth ends the code, not the link.
func (s *Service) openCode(ctx context.Context, purposes []string, subject, code string) (*otpDoc, error) {
	now := s.o.Now()
	var ws []data.Write
	for _, purpose := range purposes {
		id, _ := otpID(purpose, subject)
		d, err := load[otpDoc](ctx, s.o.System, colOTPs, id)
		if err != nil {
			return nil, err
		}
		if d == nil || d.Code == nil || !now.Before(d.CodeUntil) || !now.Before(d.Expires) {
			continue
		}
		if subtle.ConstantTimeCompare(s.codeHash(id, code), d.Code) == 1 {
			return d, s.unsealOTP(d)
		}
		n := *d
		n.Version = 0
		if n.Tries++; n.Tries >= codeTries {
			n.Code = nil
		}
		w, err := put(colOTPs, id, d.Version, &n)
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	if len(ws) > 0 {
		if err := s.commit(ctx, now, ws...); err != nil {
			return nil, err
		}
	}
	return nil, otpExpired()
}

// subjectOf is whom a code for an address belongs to, for one that nobody has a
// subject that has none; and whether that account knows the network.
func (s *Service) subjectOf(ctx context.Context, kind string, e email, c Client) (id string, known bool, err error) {
	u, err := s.userByEmail(ctx, e)
	if err != nil {
		return "", false, err
	}
	if u != nil {
		return u.ID, u.seenFrom(s.networkMark(c)), nil
	}
	if kind == forChange {
		id, err = s.changingTo(ctx, e)
		return id, false, err
	}
	return "nobody " + identityID(e.key), false, nil
}
