package server

import (
	"context"
	"net/http"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// Settings is what the dashboard's settings show and do beside what Auth does.
type Settings interface {
	Config(ctx context.Context) (*ConfigView, error)
	Mail(ctx context.Context) (*MailView, error)
	PreviewMail(ctx context.Context, m MailAsked) (*MailPreview, error)
	TestMail(ctx context.Context, to string) error
	About(ctx context.Context) (*About, error)
	LicenceText(ctx context.Context, id string) (string, error)
}

// SigningKeys are the keys of access tokens, as operators see and change them.
type SigningKeys interface {
	SigningKeys(ctx context.Context) ([]auth.SigningKeyRow, error)
	RotateSigning(ctx context.Context, now bool) (auth.SigningKey, error)
}

// ServiceKeys are those of the app's backends, as operators see and change them.
type ServiceKeys interface {
	ListKeys(ctx context.Context) ([]auth.Key, error)
	CreateKey(ctx context.Context, name, scope string, life time.Duration) (string, auth.Key, error)
	RevokeKey(ctx context.Context, which string) (auth.Key, error)
}

const maxKeyLife = 10 * 365 * 24 * time.Hour

// settingsRoutes are for operators alone: no service key reaches another.
func settingsRoutes() []*Route {
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	const keys, mail = "/admin/v1/keys", "/admin/v1/mail"
	rows := []*Route{
		{Method: get, Path: keys, About: "the service keys", handle: listKeys, Out: keysOut{}},
		{Method: post, Path: keys, About: "make a service key, shown this once", Fresh: true, handle: addKey, In: keyIn{}, Out: keyOut{}},
		{Method: del, Path: keys + "/{id}", About: "revoke a service key", handle: revokeKey},
		{Method: get, Path: "/admin/v1/signing", About: "the keys that sign access tokens", handle: listSigning, Out: signingOut{}},
		{Method: post, Path: "/admin/v1/signing/rotate", About: "bring the next signing key in", Fresh: true, handle: rotateSigning, In: rotateIn{}, Out: auth.SigningKey{}},
		{Method: get, Path: "/admin/v1/config", About: "the effective config and what was found in it", handle: showConfig, Out: ConfigView{}},
		{Method: get, Path: mail, About: "what sends mail, and what waits", handle: showMail, Out: MailView{}},
		{Method: post, Path: mail + "/preview", About: "a mail as it would be sent", handle: previewMail, In: MailAsked{}, Out: MailPreview{}},
		{Method: post, Path: mail + "/test", About: "send a test mail", handle: testMail, In: toIn{}},
		{Method: get, Path: "/admin/v1/about", About: "this server and what it is made of", handle: showAbout, Out: About{}},
		{Method: get, Path: "/admin/v1/about/licences/{id}", About: "the text of a licence", handle: licenceText, Out: textOut{}},
	}
	for _, r := range rows {
		r.Query, r.BodyLimit = []string{}, authBodySize
	}
	return rows
}

type (
	keysOut struct {
		Keys []auth.Key `json:"keys"`
	}
	keyIn struct {
		Name    string `json:"name"`              // 1 to 64 characters
		Scope   string `json:"scope,omitempty"`   // data (bypasses rules), auth or ops
		Seconds int64  `json:"seconds,omitempty"` // until it ends; 0: never
	}
	keyOut struct {
		Key    string   `json:"key"` // shown this once
		Stored auth.Key `json:"stored"`
	}
	signingOut struct {
		Keys []auth.SigningKeyRow `json:"keys"`
	}
	rotateIn struct {
		Now bool `json:"now,omitempty"` // sign at once, and end every access token
	}
	toIn struct {
		To string `json:"to"`
	}
	textOut struct {
		Text string `json:"text"`
	}
)

func listKeys(r *request) error {
	keys, err := r.srv.o.Auth.ListKeys(r.ctx)
	return r.sendJSON(keysOut{keys}, err)
}

func addKey(r *request) error {
	var in keyIn
	if err := r.bind(&in); err != nil {
		return err
	}
	if in.Seconds < 0 || in.Seconds > int64(maxKeyLife/time.Second) {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "seconds", Message: "a key ends within ten years, or never"}
	}
	key, stored, err := r.srv.o.Auth.CreateKey(r.ctx, in.Name, in.Scope, time.Duration(in.Seconds)*time.Second)
	return r.sendJSON(keyOut{key, stored}, err)
}

func revokeKey(r *request) error {
	_, err := r.srv.o.Auth.RevokeKey(r.ctx, r.params[0])
	return r.done(err)
}

func listSigning(r *request) error {
	keys, err := r.srv.o.Auth.SigningKeys(r.ctx)
	return r.sendJSON(signingOut{keys}, err)
}

func rotateSigning(r *request) error {
	var in rotateIn
	if err := r.bind(&in); err != nil {
		return err
	}
	out, err := r.srv.o.Auth.RotateSigning(r.ctx, in.Now)
	return r.sendJSON(out, err)
}

// settings gives what is plugged, or an error.
func (r *request) settings() (Settings, error) {
	if r.srv.o.Settings == nil {
		return nil, notFound()
	}
	return r.srv.o.Settings, nil
}

// shown answers with what the settings say.
func shown[T any](r *request, of func(Settings) (T, error)) error {
	s, err := r.settings()
	if err != nil {
		return err
	}
	out, err := of(s)
	return r.sendJSON(out, err)
}

func showConfig(r *request) error {
	return shown(r, func(s Settings) (*ConfigView, error) { return s.Config(r.ctx) })
}

func showMail(r *request) error {
	return shown(r, func(s Settings) (*MailView, error) { return s.Mail(r.ctx) })
}

func showAbout(r *request) error {
	return shown(r, func(s Settings) (*About, error) { return s.About(r.ctx) })
}

func licenceText(r *request) error {
	return shown(r, func(s Settings) (textOut, error) {
		text, err := s.LicenceText(r.ctx, r.params[0])
		return textOut{text}, err
	})
}

func previewMail(r *request) error {
	var in MailAsked
	if err := r.bind(&in); err != nil {
		return err
	}
	if (in.Kind == "") == (in.Template == "") {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "kind", Message: "give a kind, or a template of the app's own"}
	}
	return shown(r, func(s Settings) (*MailPreview, error) { return s.PreviewMail(r.ctx, in) })
}

func testMail(r *request) error {
	var in toIn
	if err := r.bind(&in); err != nil {
		return err
	}
	s, err := r.settings()
	if err != nil {
		return err
	}
	return r.done(s.TestMail(r.ctx, in.To))
}
