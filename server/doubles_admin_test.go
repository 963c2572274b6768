package server_test

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (p *people) Sessions(_ context.Context, c auth.Credentials) ([]auth.Device, error) {
	_, err := p.present(c)
	return []auth.Device{{ID: "s1", Current: true}}, err
}

func (p *people) EndSession(_ context.Context, c auth.Credentials, id string) error {
	_, err := p.present(c)
	if err == nil && id != "s1" {
		return &hutch.Error{Code: hutch.NotFound, Message: "you have no such session"}
	}
	return err
}

func (p *people) admin(c auth.Credentials) error {
	if c.Operator != nil {
		return nil
	}
	who, _, err := p.Authenticate(context.Background(), c)
	switch {
	case err != nil:
		return &hutch.Error{Code: hutch.BadJWT, Message: "the access token is not valid"}
	case who.IsGuest():
		return &hutch.Error{Code: hutch.NoAuthorization, Message: "this needs a key"}
	case !slices.Contains(who.Scopes, hutch.ScopeAuth):
		return &hutch.Error{Code: hutch.NotAdmin, Message: "this needs a key of scope auth"}
	}
	return nil
}

func (p *people) Users(_ context.Context, c auth.Credentials, q auth.UserQuery) (*auth.UserPage, error) {
	out := &auth.UserPage{Users: []*auth.User{{ID: "u"}}, Aud: "authenticated", PerPage: 50, Next: 3, Last: 9, Total: 420}
	if q.Page == "1" {
		out.Next, out.Last, out.Total = 2, 0, -1
	}
	return out, p.admin(c)
}

func (p *people) UserByID(_ context.Context, c auth.Credentials, id string) (*auth.User, error) {
	return &auth.User{ID: id}, p.admin(c)
}

func (p *people) AddUser(_ context.Context, c auth.Credentials, body []byte) (*auth.User, error) {
	return &auth.User{ID: "u", UserMetadata: body}, p.admin(c)
}

func (p *people) InviteUser(_ context.Context, c auth.Credentials, body []byte, _ string) (*auth.User, error) {
	return &auth.User{ID: "u", UserMetadata: body}, p.admin(c)
}

func (p *people) GenerateLink(_ context.Context, c auth.Credentials, body []byte, _ string) (*auth.GeneratedLink, error) {
	return &auth.GeneratedLink{User: &auth.User{ID: "u", UserMetadata: body}}, p.admin(c)
}

func (p *people) EditUser(_ context.Context, c auth.Credentials, id string, body []byte) (*auth.User, error) {
	return &auth.User{ID: id, UserMetadata: body}, p.admin(c)
}

func (p *people) RemoveUser(_ context.Context, c auth.Credentials, _ string, body []byte) error {
	if err := p.admin(c); err != nil || len(body) == 0 {
		return err
	}
	return &hutch.Error{Code: hutch.ValidationFailed, Message: string(body)}
}

func (p *people) SessionsOf(_ context.Context, c auth.Credentials, _ string) ([]auth.Device, error) {
	return nil, p.admin(c)
}

func (p *people) EndSessionsOf(_ context.Context, c auth.Credentials, _ string) error {
	return p.admin(c)
}

func (p *people) EndSessionOf(_ context.Context, c auth.Credentials, _, _ string) error {
	return p.admin(c)
}

func (p *people) UnlinkOf(_ context.Context, c auth.Credentials, _, _ string) error {
	return p.admin(c)
}

// Audit gives the trail, whose rows stand in the order that is asked for; it looks
// at no more than walk of them.
func (p *people) Audit(_ context.Context, q auth.AuditQuery) (rows []auth.AuditRow, next string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, q)
	looked := 0
	for _, r := range p.trail {
		if q.After != "" && (q.Newest && r.ID >= q.After || !q.Newest && r.ID <= q.After) {
			continue
		}
		if (q.About == "" || r.User == q.About) && (q.Request == "" || r.Request == q.Request) {
			rows = append(rows, r)
		}
		if looked++; len(rows) == q.Limit || looked == p.walk {
			return rows, r.ID, nil
		}
	}
	return rows, "", nil
}

func (p *people) Note(ctx context.Context, a auth.Act) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acts = append(p.acts, hutch.PrincipalFrom(ctx).UID+" "+a.What+" "+a.Target)
	return nil
}

func (p *people) SignInFor(_ context.Context, c auth.Credentials, body []byte, _ auth.Client) (*auth.Session, error) {
	return &auth.Session{AccessToken: "t", User: &auth.User{ID: "u", UserMetadata: body}}, p.admin(c)
}

func (p *people) Impersonate(_ context.Context, c auth.Credentials, _ []byte, _ auth.Client) (*auth.Impersonation, error) {
	return &auth.Impersonation{AccessToken: "t"}, p.admin(c)
}

func (p *people) ListKeys(context.Context) ([]auth.Key, error) {
	return []auth.Key{{ID: "k1", Name: "backend", Scope: "auth"}}, nil
}

func (p *people) CreateKey(_ context.Context, name, scope string, life time.Duration) (string, auth.Key, error) {
	return "hutch_sk_once", auth.Key{ID: "k2", Name: name + " " + life.String(), Scope: scope}, nil
}

func (p *people) RevokeKey(_ context.Context, id string) (auth.Key, error) {
	if id != "k1" {
		return auth.Key{}, &hutch.Error{Code: hutch.NotFound, Message: "there is no such key"}
	}
	return auth.Key{}, nil
}

func (p *people) SigningKeys(context.Context) ([]auth.SigningKeyRow, error) {
	return []auth.SigningKeyRow{{ID: "kid", State: "signs"}}, nil
}

func (p *people) RotateSigning(_ context.Context, now bool) (auth.SigningKey, error) {
	if now {
		return auth.SigningKey{ID: "at once"}, nil
	}
	return auth.SigningKey{ID: "next"}, nil
}
