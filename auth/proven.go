package auth

import (
	"time"

	"github.com/hutch-dev/hutch/data"
)

// The purposes of what is sent by mail; each user has one of a purpose.
const (
	forSignup   = "signup"
	forMagic    = "magiclink"
	forRecovery = "recovery"
	forInvite   = "invite"
	forChange   = "email_change"         // to the new address
	forCurrent  = "email_change_current" // to the present one
	forReauth   = "reauthentication"
)

var mailPurposes = []string{forSignup, forMagic, forRecovery, forInvite, forChange, forCurrent, forReauth}

// dropMails ends all that was mailed to a user, and a change of address.
func dropMails(u *userDoc) []data.Write {
	u.Change = nil
	ws := make([]data.Write, 0, len(mailPurposes))
	for _, p := range mailPurposes {
		ws = append(ws, dropOTP(p, u.ID))
	}
	return ws
}

// proven marks the address of u, as it was read, as proven now: by a link, a
// code or a provider. Where the account was made without proof, all that
// predates it goes: identities, passkeys, factors, sessions, pending things and, unless
// keep says that this confirms the sign-up which set it, the password. The
// caller commits the writes with u; what it adds to u (an identity) it adds
// afterwards.
func (s *Service) proven(u *userDoc, keep bool, now time.Time) ([]data.Write, error) {
	if !u.Confirmed.IsZero() {
		return nil, nil
	}
	ws := dropMails(u)
	for i := range u.Linked {
		ws = append(ws, remove(colIdentities, foreignID(u.Linked[i].Issuer, u.Linked[i].Subject)))
	}
	ws = append(ws, dropPasskeys(u)...)
	row, err := s.audit(now, auditDoc{Event: "email_proven", User: u.ID})
	if err != nil {
		return nil, err
	}
	u.Confirmed, u.Pending, u.Anonymous, u.From, u.Networks, u.Linked = now, false, false, "", nil, nil
	ws = append(ws, dropFactors(u)...)
	u.Epoch++
	if !keep {
		u.Password = ""
	}
	return append(ws, row), nil
}
