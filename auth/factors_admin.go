package auth

import (
	"context"

	"github.com/hutch-dev/hutch/data"
)

// FactorsOf answers GET admin/users/{id}/factors. Errors of UserByID.
func (s *Service) FactorsOf(ctx context.Context, c Credentials, id string) ([]Factor, error) {
	if _, err := s.admin(ctx, c); err != nil {
		return nil, err
	}
	u, err := s.userByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return showFactors(u), nil
}

// RemoveFactorOf answers DELETE admin/users/{id}/factors/{factor}: sessions that
// it raised fall back to aal1. mfa_factor_not_found and the errors of UserByID.
func (s *Service) RemoveFactorOf(ctx context.Context, c Credentials, id, factor string) (out *Factor, err error) {
	err = s.administer(ctx, c, id, "factor_removed", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		i := u.factorOf(factor)
		if i < 0 {
			return nil, noFactor()
		}
		shown := u.Factors[i].show()
		out, row.Detail = &shown, shown.FactorType
		return s.removeFactor(ctx, u, factor)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
