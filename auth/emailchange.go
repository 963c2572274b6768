package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	forUndo   = "email_undo"
	forTarget = "email_target" // tells whose change goes to an address
	undoLife  = 7 * 24 * time.Hour
	undoReach = 7 * 24 * time.Hour // whoever changed the address may have been in so long
)

// change is a change of address that waits for mails.
type change struct {
	Email   string    `bson:"email"`
	Key     string    `bson:"key"`
	Current bool      `bson:"current"` // the present address has confirmed, or need not
	New     bool      `bson:"new"`
	Sent    time.Time `bson:"sentAt"`
}

// span is from one time to another.
type span struct {
	From time.Time `bson:"from"`
	To   time.Time `bson:"to"`
}

// undoing is what an undo link brings back.
type undoing struct {
	User    string    `json:"user"`
	Email   string    `json:"email"`
	Key     string    `json:"key"`
	Changed time.Time `json:"changed"`
}

// beginChange notes a new address in u and gives the writes that mail both:
// over_request_rate_limit.
func (s *Service) beginChange(ctx context.Context, u *userDoc, e email, f Flow, now time.Time) ([]data.Write, error) {
	if err := u.mayMove(now); err != nil {
		return nil, err
	}
	// An unproven address has no say; nor has one where the config says so.
	u.Change = &change{Email: e.address, Key: e.key, Current: s.o.Mail.SingleMail || u.Confirmed.IsZero(), Sent: now}
	taken, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(e.key))
	if err != nil {
		return nil, err
	}
	var ws []data.Write
	if taken != nil { // the same answer; the owner of the address learns of it
		ws, err = s.takenMail(ctx, taken.User, e, now)
	} else {
		ws, err = s.mailLink(forChange, u, e.address, e.key, f, now)
	}
	if err != nil {
		return nil, err
	}
	target, err := s.newOTP(forTarget, identityID(e.key), linkLife, u.ID, false)
	if err != nil {
		return nil, err
	}
	ws = append(ws, target.write)
	if u.Change.Current {
		return append(ws, dropOTP(forCurrent, u.ID)), nil
	}
	more, err := s.mailLink(forCurrent, u, u.Email, u.EmailKey, f, now)
	return append(ws, more...), err
}

// changingTo is whose change goes to an address.
func (s *Service) changingTo(ctx context.Context, e email) (string, error) {
	id, _ := otpID(forTarget, identityID(e.key))
	d, err := load[otpDoc](ctx, s.o.System, colOTPs, id)
	if err != nil || d == nil || !s.o.Now().Before(d.Expires) {
		return "nobody " + identityID(e.key), err
	}
	if err = s.unsealOTP(d); err != nil {
		return "", err
	}
	var uid string
	return uid, d.read(&uid)
}

// confirmChange notes the confirmation of one address; with both the address is
// the new one: all other sessions, links and codes end, and the old address gets
// a link that undoes it.
func (s *Service) confirmChange(ctx context.Context, u *userDoc, purpose string, m *mailed, p proof, c Client, ws []data.Write) (*Session, error) {
	now := s.o.Now()
	keep, event := false, "email_changed"
	switch {
	case u.Change == nil || purpose == forChange && m.Key != u.Change.Key || purpose == forCurrent && m.Key != u.EmailKey:
		return nil, otpExpired()
	case purpose == forChange:
		u.Change.New = true
	default:
		u.Change.Current = true
	}
	if !u.Change.New || !u.Change.Current {
		w, err := s.saveUser(u, now)
		if err != nil {
			return nil, err
		}
		if err = s.commit(ctx, now, append(ws, w)...); err != nil {
			return nil, err
		}
		return &Session{User: showUser(u)}, nil
	}
	next := *u.Change
	if id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(next.Key)); err != nil {
		return nil, err
	} else if id != nil && id.User == u.ID { // it has moved since u was read
		return nil, data.Lost(colUsers, u.ID)
	} else if id != nil {
		return nil, &hutch.Error{Code: hutch.EmailExists, Field: "email", Message: "the address has an account"}
	}
	if u.Anonymous {
		var err error
		if keep, err = s.upgrades(ctx, u, m, p, c, now); err != nil {
			return nil, err
		}
		event = "user_upgraded"
	}
	old := undoing{User: u.ID, Email: u.Email, Key: u.EmailKey, Changed: now}
	moved, err := s.moveAddress(ctx, u, email{address: next.Email, key: next.Key}, now)
	if err != nil {
		return nil, err
	}
	row, err := s.audit(now, auditDoc{Event: event, User: u.ID})
	if err != nil {
		return nil, err
	}
	ws = append(append(ws, moved...), row)
	told := u.Confirmed
	if !told.IsZero() {
		undo, err := s.undoable(u, &old, now)
		if err != nil {
			return nil, err
		}
		w, err := s.mailRow(Mail{
			Kind: MailChanged, To: old.Email, NewEmail: next.Email, Link: s.linkTo(forUndo, undo.secret, ""), Until: now.Add(undoLife),
		}, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, undo.write, w)
		ws = append(ws, dropMails(u)...)
		u.Epoch++
		u.Confirmed = now
	} else {
		upgraded := u.Anonymous
		gone, err := s.proven(u, keep, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, gone...)
		if upgraded { // what functions say of an address holds for this way to it
			if err := s.judgeSignUp(ctx, u, mailEntry{method: "otp"}, c); err != nil {
				return nil, err
			}
		}
	}
	ws = append(ws, dropOTP(forTarget, identityID(next.Key)))
	if p.page {
		return s.changedOnPage(ctx, u, now, once(ws)...)
	}
	return s.enterBy(ctx, u, mailEntry{method: "otp"}, c, once(ws)...)
}

// moveAddress gives u another address, which nobody has, with the document that
// makes it unique.
func (s *Service) moveAddress(ctx context.Context, u *userDoc, e email, now time.Time) ([]data.Write, error) {
	ws, err := s.releaseAddress(ctx, u)
	if err != nil {
		return nil, err
	}
	u.Email, u.EmailKey = e.address, e.key
	w, err := claimAddress(u, now)
	return append(ws, w), err
}

// undo gives an account back to its former address: whoever changed it is out,
// with password, identities at providers, factors and passkeys that came since,
// sessions and links. The owner recovers a password by mail.
func (s *Service) undo(ctx context.Context, d *otpDoc) error {
	var old undoing
	if err := d.read(&old); err != nil {
		return err
	}
	now := s.o.Now()
	u, err := load[userDoc](ctx, s.o.System, colUsers, old.User)
	if err != nil {
		return err
	}
	if u == nil || u.Undone != nil && !old.Changed.Before(u.Undone.From) && !old.Changed.After(u.Undone.To) {
		return otpExpired()
	}
	ws := append([]data.Write{d.spend()}, u.dropUndos(old.Changed)...)
	for i := range u.Linked {
		ws = append(ws, remove(colIdentities, foreignID(u.Linked[i].Issuer, u.Linked[i].Subject)))
	}
	u.Linked = nil
	ws = append(ws, dropSince(u, old.Changed.Add(-undoReach))...)
	if err := s.ownWay(u, now); err != nil { // the address is the one way in
		return err
	}
	if u.EmailKey != old.Key {
		if id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(old.Key)); err != nil {
			return err
		} else if id != nil && id.User == u.ID { // it has gone back since u was read
			return data.Lost(colUsers, u.ID)
		} else if id != nil {
			return &hutch.Error{Code: hutch.EmailExists, Field: "email", Message: "the address has another account by now"}
		}
		moved, err := s.moveAddress(ctx, u, email{address: old.Email, key: old.Key}, now)
		if err != nil {
			return err
		}
		ws = append(ws, moved...)
	}
	ws = append(ws, dropMails(u)...)
	row, err := s.audit(now, auditDoc{Event: "email_change_undone", User: u.ID})
	if err != nil {
		return err
	}
	u.Email, u.EmailKey, u.Confirmed, u.Password, u.Networks = old.Email, old.Key, now, "", nil
	u.Undone = &span{From: old.Changed, To: now}
	u.Epoch++
	// The way back in goes to the address that has proven itself.
	ways, err := s.mailLink(forRecovery, u, u.Email, u.EmailKey, Flow{}, now)
	if err != nil {
		return err
	}
	w, err := s.saveUser(u, now)
	if err != nil {
		return err
	}
	if err = s.commit(ctx, now, once(append(append(ways, ws...), row, w))...); err != nil {
		return err
	}
	s.cache.drop(u.ID)
	return nil
}
