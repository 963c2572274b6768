package boot

import (
	"cmp"
	"context"
	"runtime"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/server"
)

// settings plugs what the dashboard's settings show.
type settings struct{ a *App }

var _ server.Settings = settings{}

const failuresShown = 20

func (s settings) Config(context.Context) (*server.ConfigView, error) {
	return s.a.history.view(), nil
}

func (s settings) Mail(ctx context.Context) (*server.MailView, error) {
	c := &s.a.o.Config.Auth.Mail
	sends := c.SMTP.Reveal() != ""
	v := &server.MailView{
		Sends: sends || s.a.o.Dev, Printed: !sends && s.a.o.Dev, From: c.From,
		Kinds: auth.MailKinds(), Templates: s.a.Auth.MailTemplates(), Failures: []server.MailFailed{},
	}
	if v.Templates == nil {
		v.Templates = []string{}
	}
	waiting, err := s.a.jobs.List(ctx, jobs.Filter{Kind: auth.MailJob, Limit: server.MailsCounted})
	if err != nil {
		return nil, err
	}
	dead, err := s.a.jobs.List(ctx, jobs.Filter{Kind: auth.MailJob, Dead: true, Limit: server.MailsCounted})
	if err != nil {
		return nil, err
	}
	v.Waiting, v.Dead = len(waiting), len(dead)
	for _, e := range dead[:min(len(dead), failuresShown)] {
		v.Failures = append(v.Failures, server.MailFailed{ID: e.ID, At: e.At.UTC(), Tries: e.Tries, Reason: e.Reason})
	}
	return v, nil
}

func (s settings) PreviewMail(_ context.Context, m server.MailAsked) (*server.MailPreview, error) {
	out, err := s.a.Auth.PreviewMail(auth.Mail{Kind: cmp.Or(m.Kind, auth.MailApp), Template: m.Template, Data: m.Data})
	if err != nil {
		return nil, err
	}
	return &server.MailPreview{Subject: out.Subject, Text: out.Text, HTML: out.HTML}, nil
}

func (s settings) TestMail(ctx context.Context, to string) error { return s.a.Auth.TestMail(ctx, to) }

func (s settings) About(ctx context.Context) (*server.About, error) {
	info, err := s.a.Data.Info(ctx)
	if err != nil {
		return nil, err
	}
	all, err := licences()
	if err != nil {
		return nil, err
	}
	v := &server.About{
		Version: hutch.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Started: s.a.started.UTC(),
		Store: cmp.Or(s.a.scheme, "embedded"), Bytes: info.Bytes, Dev: s.a.o.Dev, Nodes: 1, Licences: all.Libraries,
	}
	if s.a.nodes != nil {
		v.Nodes = s.a.nodes.count()
	}
	return v, nil
}

func (s settings) LicenceText(_ context.Context, id string) (string, error) {
	all, err := licences()
	if err != nil {
		return "", err
	}
	text, ok := all.Texts[id]
	if !ok {
		return "", hutch.Errorf(hutch.NotFound, "there is no such licence")
	}
	return text, nil
}
