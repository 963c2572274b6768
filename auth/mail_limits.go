package auth

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// recipient is whom a mail goes to. Each kind has a ceiling of its own, so that
// strangers, who can make the first kind in any number, use up no other.
type recipient string

const (
	toStrangers recipient = "strangers" // addresses that nobody has proven
	toOwners    recipient = "owners"    // proven ones
	toTold      recipient = "told"      // notices, which follow an act of the account's own
	toNobody    recipient = "nobody"    // a decoy: counted for the time it takes
)

// recipientOf judges the mail of a purpose to an address; "": it goes nowhere.
func recipientOf(purpose string, u *userDoc, to string) recipient {
	switch {
	case to == "":
		return toNobody
	case u.Confirmed.IsZero() || purpose == forChange && to != u.Email:
		return toStrangers
	}
	return toOwners
}

func tooManyMails(err error) error {
	if hutch.CodeOf(err) != hutch.OverRequestRateLimit {
		return err
	}
	e := *hutch.AsError(err)
	e.Code, e.Message = hutch.OverEmailSendRateLimit, "too many mails; wait"
	return &e
}

// countMail counts a mail to the address of key before anything is looked up:
// known and unknown addresses count alike. over_email_send_rate_limit.
func (s *Service) countMail(ctx context.Context, key string, c Client) error {
	if c.ServiceKey {
		return nil
	}
	return s.countAddress(ctx, key, c.counts("mail network", data.Count{Limit: s.o.Limits.MailsPerNetwork, Window: time.Hour})...)
}

// countAddress counts a mail to the address of key, and more with it, whoever
// asks for it. over_email_send_rate_limit.
func (s *Service) countAddress(ctx context.Context, key string, more ...data.Count) error {
	id := identityID(key)
	_, wait, err := s.o.Counter.Count(ctx, append([]data.Count{
		{Key: "mail hour " + id, Limit: s.o.Limits.MailsPerAddress, Window: time.Hour},
		{Key: "mail day " + id, Limit: s.o.Limits.MailsPerDay, Window: 24 * time.Hour},
	}, more...)...)
	return tooManyMails(limitError(wait, err))
}

// ceiling counts a mail once, however often its commit is repeated.
type ceiling struct {
	counted recipient
	room    bool
}

// mayMail counts a mail under the ceiling of its recipients and says whether
// there is room. Who is asked by a stranger sends nothing without room and
// answers as always: how full it is depends on which addresses have accounts.
func (s *Service) mayMail(ctx context.Context, n *ceiling, to recipient, c Client) (bool, error) {
	if c.ServiceKey || n.counted == to {
		return n.room || c.ServiceKey, nil
	}
	limit := s.o.Limits.Mails
	if to == toNobody {
		limit = math.MaxInt32
	}
	_, wait, err := s.o.Counter.Count(ctx, data.Count{Key: "mail to " + string(to), Limit: limit, Window: time.Hour})
	if err != nil {
		return false, limitError(0, err)
	}
	n.counted, n.room = to, wait == 0
	if n.room {
		return true, nil
	}
	s.alarm(to)
	_, err = s.mayMail(ctx, &ceiling{}, toNobody, c) // what is refused is not written: that takes its time
	return false, err
}

// alarm tells whoever runs the server that mails are not sent.
func (s *Service) alarm(to recipient) {
	if to != toNobody && s.untold("mail "+string(to), s.o.Now()) {
		s.o.Log.Error("no more mail: the server's limit an hour is reached", slog.String("to", string(to)), slog.Int("limit", s.o.Limits.Mails))
	}
}

// countMailTo counts a mail that somebody asks for who is signed in: without
// room that is told. over_email_send_rate_limit.
func (s *Service) countMailTo(ctx context.Context, key string, to recipient, c Client) error {
	if err := s.countMail(ctx, key, c); err != nil {
		return err
	}
	return s.room(ctx, to, c)
}

// room counts a mail under the ceiling of its recipients, and tells that there is
// no room.
func (s *Service) room(ctx context.Context, to recipient, c Client) error {
	if ok, err := s.mayMail(ctx, &ceiling{}, to, c); err != nil || ok {
		return err
	}
	return tooManyMails(tooMany(time.Minute))
}

// countInvitation counts a mail that the app's own code sends to a stranger, which
// no network asks for. over_email_send_rate_limit.
func (s *Service) countInvitation(ctx context.Context, key string) error {
	if err := s.countAddress(ctx, key); err != nil {
		return err
	}
	return s.room(ctx, toStrangers, Client{})
}

// notice enqueues a mail that tells of something, if it is not too many: the act
// itself goes on.
func (s *Service) notice(ctx context.Context, u *userDoc, m Mail, now time.Time) []data.Write {
	if s.o.Mail.Mailer == nil || u.Email == "" || m.To == "" {
		return nil
	}
	_, wait, err := s.o.Counter.Count(ctx,
		data.Count{Key: "notice " + u.ID, Limit: s.o.Limits.MailsPerDay, Window: 24 * time.Hour})
	room := err == nil && wait == 0
	if room {
		room, err = s.mayMail(ctx, &ceiling{}, toTold, Client{})
	}
	if !room {
		s.o.Log.Warn("a notice was not sent", slog.String("mail", m.Kind), slog.String("user", u.ID), slog.Any("error", err))
		return nil
	}
	w, err := s.mailRow(m, now)
	if err != nil {
		s.o.Log.Error("a notice was not sent", slog.String("mail", m.Kind), slog.Any("error", err))
		return nil
	}
	return []data.Write{w}
}
