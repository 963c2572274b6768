package auth

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func emailTaken() error {
	return &hutch.Error{Code: hutch.EmailExists, Field: "email", Message: "the address has an account"}
}

// AddUser answers POST admin/users: an account, with a password, with another
// program's hash of one, or without; its address counts as proven with email_confirm. bad_json, validation_failed,
// weak_password, email_exists, and the errors of UserByID but user_not_found.
func (s *Service) AddUser(ctx context.Context, c Credentials, body []byte) (*User, error) {
	p, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := s.parseUserEdit(body)
	if err != nil {
		return nil, err
	}
	if r.email == nil {
		return nil, invalid("email", "email is missing")
	}
	now := s.o.Now()
	u, ws, err := s.newAccount(*r.email, now)
	if err != nil {
		return nil, err
	}
	if err = r.apply(u, now); err != nil {
		return nil, err
	}
	if err = s.refuseTaken(ctx, *r.email); err != nil {
		return nil, asExists(err)
	}
	u.Password = r.hash
	if r.password != "" {
		if u.Password, err = s.o.Hasher.Hash(ctx, r.password); err != nil {
			return nil, err
		}
	}
	if r.confirm {
		u.Confirmed = now
	}
	if err = s.StillValid(ctx, p); err != nil {
		return nil, err
	}
	w, err := s.saveUser(u, now)
	if err != nil {
		return nil, err
	}
	a := auditDoc{Event: "user_created", User: u.ID, Network: networkFrom(ctx), Detail: strings.Join(r.names, ",")}
	a.by(p)
	row, err := s.audit(now, a)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, now, append(ws, w, row)...); err != nil {
		if moved(err) {
			err = emailTaken()
		}
		return nil, err
	}
	u.Updated = now
	return showUser(u), nil
}

func asExists(err error) error {
	if hutch.CodeOf(err) == hutch.UserAlreadyExists {
		return emailTaken()
	}
	return err
}

// EditUser answers PUT admin/users/{id}. A new password or address ends all
// sessions; an address counts as proven with email_confirm only. A ban that ends
// before the present one wants of operators a recent proof, as lifting it does.
// Errors of AddUser, UserByID and Operators.Recent.
func (s *Service) EditUser(ctx context.Context, c Credentials, id string, body []byte) (*User, error) {
	by, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := s.parseUserEdit(body)
	if err != nil {
		return nil, err
	}
	if r.hash != "" {
		return nil, invalid("password_hash", "a hash is for a new account")
	}
	if _, err = s.userByID(ctx, id); err != nil {
		return nil, err
	}
	hash := ""
	if r.password != "" {
		if hash, err = s.o.Hasher.Hash(ctx, r.password); err != nil {
			return nil, err
		}
	}
	var out *User
	err = s.administer(ctx, c, id, "user_updated", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		now := s.o.Now()
		if r.ban != nil && now.Add(*r.ban).Before(u.Banned) {
			if err := s.provenNow(ctx, by, now); err != nil {
				return nil, err
			}
		}
		row.Detail = strings.Join(r.names, ",")
		ws, err := s.editBy(ctx, u, &r, hash, now)
		if err != nil {
			return nil, err
		}
		w, err := s.saveUser(u, now)
		u.Updated = now
		out = showUser(u)
		return append(ws, w), err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// editBy changes a user and gives the writes that go with it.
func (s *Service) editBy(ctx context.Context, u *userDoc, r *userEdit, hash string, now time.Time) (ws []data.Write, err error) {
	proven, mixture := !u.Confirmed.IsZero(), u.From == mixed
	if hash != "" {
		ws = s.passwordChanged(ctx, u, now) // tells the address of before
	}
	if r.email != nil {
		more, err := s.setAddress(ctx, u, *r.email, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, more...)
	}
	if r.confirm && u.Confirmed.IsZero() && u.EmailKey != "" {
		if proven {
			u.Confirmed = now
		} else { // what came before the proof goes; the key vouches for the password
			more, err := s.proven(u, !mixture, now)
			if err != nil {
				return nil, err
			}
			ws = append(ws, more...)
		}
	}
	if hash != "" {
		u.Password = hash
		u.Epoch++
		if err = s.ownWay(u, now); err != nil {
			return nil, err
		}
	}
	return ws, r.apply(u, now)
}

// setAddress gives a user another address, which nobody has proven: email_exists.
func (s *Service) setAddress(ctx context.Context, u *userDoc, e email, now time.Time) ([]data.Write, error) {
	if e.key == u.EmailKey {
		u.Email = e.address
		return nil, nil
	}
	if err := s.refuseTaken(ctx, e); err != nil {
		return nil, asExists(err)
	}
	ws, err := s.moveAddress(ctx, u, e, now)
	if err != nil {
		return nil, err
	}
	ws = append(append(ws, s.mailedTo(u)...), u.dropUndos(time.Time{})...)
	u.Confirmed = time.Time{}
	u.Undone = &span{From: u.Created, To: now} // no link of before brings another address back
	u.Epoch++
	return ws, nil
}

// mailedTo ends all that was mailed to a user, and a change of address.
func (s *Service) mailedTo(u *userDoc) (ws []data.Write) {
	if u.Change != nil {
		ws = append(ws, dropOTP(forTarget, identityID(u.Change.Key)))
	}
	return append(ws, dropMails(u)...)
}

// RemoveUser answers DELETE admin/users/{id}: the account goes with all
// that belongs to it. bad_json, validation_failed,
// and the errors of UserByID.
func (s *Service) RemoveUser(ctx context.Context, c Credentials, id string, body []byte) error {
	if _, err := s.admin(ctx, c); err != nil {
		return err
	}
	if len(body) > 0 {
		f, err := readBody(body)
		if err != nil {
			return err
		}
		soft := false
		if !f.absent("should_soft_delete") && json.Unmarshal(f["should_soft_delete"], &soft) != nil || soft {
			return invalid("should_soft_delete", "users are deleted as a whole").WithHint("ban them instead")
		}
	}
	var gone erased
	err := s.administer(ctx, c, id, "user_deleted", func(u *userDoc, _ *auditDoc) (ws []data.Write, err error) {
		ws, gone, err = s.erasing(ctx, u, s.o.Now())
		return ws, err
	})
	if err != nil {
		return err
	}
	s.forget(ctx, gone)
	return nil
}
