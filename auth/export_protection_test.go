package auth

import "context"

// What tests of protection need of the inside.

var (
	CommonPasswords = commonPasswords
	IsCommon        = isCommon
)

// SetHash sets the password hash of a user past all checks.
func (s *Service) SetHash(ctx context.Context, id, hash string) {
	u, err := load[userDoc](ctx, s.o.System, colUsers, id)
	if err == nil {
		u.Password = hash
		w, e := s.saveUser(u, u.Updated)
		if err = e; err == nil {
			err = s.commit(ctx, s.o.Now(), w)
		}
	}
	if err != nil {
		panic(err)
	}
}

func (s *Service) SweepAudit(ctx context.Context) error { return s.sweepAudit(ctx) }
