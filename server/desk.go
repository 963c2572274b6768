package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// Desk is the dashboard and the operators who sit at it. In development it is at
// the app's origin; else at the listener of ServeDesk and under Host.
type Desk struct {
	Operators Operators
	Files     fs.FS  // of the dashboard, with an index.html; nil: none
	Host      string // a name of its own on the app's listener; "": none
	App       string // the app's name
}

// Operators signs operators in: *auth.Operators.
type Operators interface {
	OperatorSignIn
	OperatorAccount
	OperatorStaff
}

// OperatorSignIn is the way in.
type OperatorSignIn interface {
	Verify(ctx context.Context, token string) (p hutch.Principal, ends time.Time, stale bool, err error)
	Renew(ctx context.Context, token string, c auth.Client) (*auth.Entered, error)
	State(ctx context.Context, token string) (auth.OperatorState, error)
	SignIn(ctx context.Context, email, password string, c auth.Client) (*auth.Entered, error)
	SetUp(ctx context.Context, link, email, password string, c auth.Client) (*auth.Entered, error)
	SignOut(ctx context.Context, token string) error
	Confirm(ctx context.Context, token, password string, c auth.Client) (*auth.Entered, error)
	ProveTOTP(ctx context.Context, token, code string, c auth.Client) (*auth.Entered, error)
	PasskeyOptions(ctx context.Context, token string, c auth.Client) (*auth.OperatorChallenge, error)
	ProvePasskey(ctx context.Context, token, challenge string, credential json.RawMessage, c auth.Client) (*auth.Entered, error)
}

// OperatorAccount is what operators change of themselves.
type OperatorAccount interface {
	SetPassword(ctx context.Context, token, present, next string, c auth.Client) (*auth.Entered, error)
	EnrollTOTP(ctx context.Context, token string) (*auth.TOTPShow, error)
	RemoveTOTP(ctx context.Context, token string) (*auth.Entered, error)
	EnrollPasskey(ctx context.Context, token string, c auth.Client) (*auth.OperatorChallenge, error)
	AddPasskey(ctx context.Context, token, challenge string, credential json.RawMessage, name string, c auth.Client) (*auth.Entered, error)
	RenamePasskey(ctx context.Context, token, id, name string) (*auth.Entered, error)
	RemovePasskey(ctx context.Context, token, id string) (*auth.Entered, error)
	Sessions(ctx context.Context, token string) ([]auth.OperatorDevice, error)
	EndSessions(ctx context.Context, token, id string) (*auth.Entered, error)
}

// OperatorStaff is what they do about each other.
type OperatorStaff interface {
	Recent(ctx context.Context, token string) error
	List(ctx context.Context) ([]auth.OperatorRow, error)
	Invite(ctx context.Context, email, by string, again bool) (*auth.OperatorLink, error)
	Remove(ctx context.Context, id, by string) error
}

const (
	deskCookie  = "hutch-admin"
	deskSecure  = "__Host-" + deskCookie
	deskPath    = "/_/"
	maxDeskJWT  = 4 << 10
	sameOrigin  = "same-origin"
	deskConsent = "1" // of X-Hutch-Admin
)

// atDesk reports whether the request reached the dashboard's origin.
func (r *request) atDesk() bool {
	d := &r.srv.o.Desk
	if d.Operators == nil {
		return false
	}
	return r.srv.o.Dev || r.peer != nil && r.peer.desk || d.Host != "" && bareName(r.host()) == d.Host
}

// deskOnly reports whether the app is not at this origin: no page, no answer of
// an app's route and no sign-in of users shares one with operators' sessions.
func (r *request) deskOnly() bool { return r.desk && !r.srv.o.Dev }

// deskServices are those of the dashboard's own origin.
func deskServices(s Service) bool {
	switch s {
	case ServiceAdmin, ServiceData, ServiceFunctions, ServiceRealtime, ServiceOps:
		return true
	}
	return false
}

// deskToken is the token of the dashboard's cookie. A page that the app serves
// in development may not use one of the other name.
func (r *request) deskToken() string {
	name := deskCookie
	if r.deskSecurely() {
		name = deskSecure
	}
	for part := range bytes.SplitSeq(r.head.cookie, []byte(";")) {
		k, v, ok := bytes.Cut(bytes.TrimSpace(part), []byte("="))
		if ok && string(k) == name && len(v) > 0 && len(v) <= maxDeskJWT {
			return string(v)
		}
	}
	return ""
}

// deskSecurely reports whether the cookie has its prefix: always, but on
// loopback without TLS.
func (r *request) deskSecurely() bool {
	return r.scheme() == "https" || !localName(bareName(r.host()))
}

// bareName is a host without port and brackets.
func bareName(host string) string {
	return strings.TrimSuffix(strings.TrimPrefix(hostname(host), "["), "]")
}

// setDesk gives the browser a token; "" takes it back.
func (r *request) setDesk(token string, ends time.Time) {
	life := 0
	name, secure := deskCookie, ""
	if r.deskSecurely() {
		name, secure = deskSecure, "; Secure"
	}
	if token != "" {
		life = max(int(ends.Sub(r.srv.now())/time.Second), 1)
	}
	r.fctx.Response.Header.Add("Set-Cookie", name+"="+token+"; Path=/; Max-Age="+strconv.Itoa(life)+"; HttpOnly"+secure+"; SameSite=Strict")
}

// fromDesk refuses requests that no page of the dashboard made: another site's,
// another origin's, and those by links and forms, which set no headers.
func (r *request) fromDesk() error {
	switch {
	case string(r.head.fetchSite) != sameOrigin:
		return &hutch.Error{
			Code: hutch.PermissionDenied, Field: "Sec-Fetch-Site", Message: "only the dashboard itself may ask this",
			Hint: "browsers tell where a request is from over HTTPS and on localhost",
		}
	case string(r.head.hutchAdmin) != deskConsent:
		return &hutch.Error{Code: hutch.PermissionDenied, Field: "X-Hutch-Admin", Message: "only the dashboard itself may ask this", Hint: "X-Hutch-Admin: 1"}
	}
	return nil
}

// operate makes the request an operator's where the dashboard sent it with a
// session; where it was not, the cookie is not looked at.
func (r *request) operate(route *Route) error {
	if !r.desk || !deskServices(route.Service) || route.Need == NeedDesk || !r.head.has("x-hutch-admin") && !r.asOperator() {
		return nil
	}
	token := r.deskToken()
	if token == "" {
		if r.asOperator() {
			return unauthenticated("sign in to the dashboard")
		}
		return nil
	}
	r.named = true
	if err := r.fromDesk(); err != nil {
		return err
	}
	p, _, stale, err := r.srv.o.Desk.Operators.Verify(r.life, token)
	if err != nil {
		return err
	}
	if stale {
		if e, err := r.srv.o.Desk.Operators.Renew(r.life, token, r.whence()); err == nil {
			r.setDesk(e.Token, e.Ends)
		} else {
			r.srv.log.Warn("renewing an operator's session", slog.Any("error", err))
		}
	}
	r.who, r.ctx = p, data.WithVerified(r.ctx, r.verified())
	return nil
}

// asOperator reports whether Authorization asks for the cookie to be used: what
// the clients of the dashboard's pages say, in frames of sockets, too.
func (r *request) asOperator() bool {
	return r.desk && string(r.head.authorization) == "Bearer "+operatorToken
}

// verified is since when what auth remembers is known to hold.
func (r *request) verified() time.Time {
	now := r.srv.now()
	if seen := r.srv.o.Auth.Seen(); !seen.IsZero() && seen.Before(now) {
		return seen
	}
	return now
}

// ServeDesk answers on a listener of the dashboard's own, until Shutdown.
func (s *Server) ServeDesk(ln net.Listener) error {
	if !s.live.Load() {
		return ln.Close()
	}
	s.hosts.desk.Store(ln.Addr().String())
	defer s.closing(ln)()
	err := s.app.Server().Serve(listener{ln, &s.fresh, true})
	if err != nil && s.live.Load() {
		return hutch.Errorf(hutch.Unavailable, "listening for the dashboard: %w", err)
	}
	return nil
}
