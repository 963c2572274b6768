package auth

import (
	"context"

	"github.com/hutch-dev/hutch"
)

// As gives the principal that an operator looks through: of a user as an
// impersonation would have it, or of a guest for "". It makes no session and no
// token; who lets it write says so in the audit. permission_denied for who is no operator,
// user_not_found, user_banned, email_not_confirmed, and what a function says
// that judges tokens.
func (s *Service) As(ctx context.Context, operator hutch.Principal, uid string) (hutch.Principal, error) {
	if operator.Kind != hutch.Operator {
		return hutch.Principal{}, &hutch.Error{Code: hutch.PermissionDenied, Message: "this needs an operator"}
	}
	if uid == "" {
		return s.guest, nil
	}
	u, err := s.userByID(ctx, uid)
	if err != nil {
		return hutch.Principal{}, err
	}
	now := s.o.Now()
	if err := s.enterable(u, now); err != nil {
		return hutch.Principal{}, err
	}
	d := &sessionDoc{
		User: u.ID, Epoch: u.Epoch, AAL: "aal1", Method: "impersonation", Provider: "impersonation", Actor: operator.UID,
		Until: now.Add(actorLife), Authentic: now, Refreshed: now, Created: now,
	}
	if err := s.judgeToken(ctx, u, d); err != nil {
		return hutch.Principal{}, err
	}
	return s.principal(u, d), nil
}
