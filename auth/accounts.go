package auth

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

const (
	maxRoles      = 50
	maxRoleLength = 64
	madePassword  = 15 // bytes of a random one, 21 characters
)

// CreateUser makes an account for the command line; with password "" a random
// one, which it gives, this once. The address counts as unverified.
// validation_failed, weak_password, user_already_exists.
func (s *Service) CreateUser(ctx context.Context, address, password string, roles []string) (u *User, made string, err error) {
	if password == "" {
		b, e := random(s.o.Entropy, madePassword)
		if e != nil {
			return nil, "", hutch.Errorf(hutch.Internal, "reading entropy: %w", e)
		}
		made = base62(b)
		password = made
	}
	e, meta, err := s.checkAccount(address, password, nil)
	if err != nil {
		return nil, "", err
	}
	if roles, err = checkRoles(roles); err != nil {
		return nil, "", err
	}
	if err = s.refuseTaken(ctx, e); err != nil {
		return nil, "", err
	}
	hash, err := s.o.Hasher.Hash(ctx, password)
	if err != nil {
		return nil, "", err
	}
	now := s.o.Now()
	d, ws, err := s.newAccount(e, now)
	if err != nil {
		return nil, "", err
	}
	d.Password, d.Meta, d.Roles = hash, meta, roles
	if err = checkApp(d); err != nil {
		return nil, "", err
	}
	w, err := s.saveUser(d, now)
	if err != nil {
		return nil, "", err
	}
	row, err := s.audit(now, auditDoc{Event: "user_created", User: d.ID, Detail: strings.Join(roles, ",")})
	if err != nil {
		return nil, "", err
	}
	if err := s.commit(ctx, now, append(ws, w, row)...); err != nil {
		if moved(err) {
			err = taken()
		}
		return nil, "", err
	}
	d.Updated = now
	return showUser(d), made, nil
}

// SetRoles replaces the roles of an account. not_found, invalid_argument.
func (s *Service) SetRoles(ctx context.Context, address string, roles []string) (*User, error) {
	roles, err := checkRoles(roles)
	if err != nil {
		return nil, err
	}
	return s.editUser(ctx, address, auditDoc{Event: "roles_set", Detail: strings.Join(roles, ",")}, func(u *userDoc) {
		u.Roles = roles
	})
}

// Ban keeps an account out until a time; the zero time lifts a ban. not_found.
func (s *Service) Ban(ctx context.Context, address string, until time.Time) (*User, error) {
	return s.editUser(ctx, address, auditDoc{Event: "banned", Detail: rfc3339(until)}, func(u *userDoc) {
		u.Banned = until
	})
}

// editUser changes an account and writes a row of _audit with it.
func (s *Service) editUser(ctx context.Context, address string, a auditDoc, edit func(*userDoc)) (*User, error) {
	e, bad := parseEmail(address)
	if bad != nil {
		return nil, bad
	}
	var out *User
	err := rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return err
		}
		if u == nil {
			return &hutch.Error{Code: hutch.NotFound, Field: "email", Message: "no account has this address"}
		}
		edit(u)
		if err = checkApp(u); err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		a.User = u.ID
		row, err := s.audit(now, a)
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, w, row); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		u.Updated = now
		out = showUser(u)
		return nil
	})
	return out, err
}

func checkApp(u *userDoc) error {
	if len(appMetadata(u)) > maxMetadata {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "roles", Message: "roles and app_metadata are at most 4 KiB of JSON"}
	}
	return nil
}

// checkRoles gives the roles without repetitions, never nil.
func checkRoles(roles []string) ([]string, error) {
	out := []string{}
	for _, r := range roles {
		if n := utf8.RuneCountInString(r); n < 1 || n > maxRoleLength || !utf8.ValidString(r) ||
			strings.ContainsFunc(r, func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) || c == ',' }) {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "roles", Message: "a role is a word of 1 to 64 characters"}
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	if len(out) > maxRoles {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "roles", Message: "a user has at most 50 roles"}
	}
	return out, nil
}
