package mail

import (
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

//go:embed templates
var builtIn embed.FS

const (
	layout     = "layout.html"
	maxSubject = 200 // characters
)

// templates are the parsed ones by kind.
type templates struct {
	text map[string]*text.Template
	html map[string]*html.Template
	subj map[string]*text.Template
	own  map[string]*ownTemplate // of the app's own mails
}

// view is what a template sees.
type view struct {
	App, Site, Link, Code, Name, Email, NewEmail string
	Minutes                                      int // the link holds
}

type rendered struct{ subject, text, html string }

// loadTemplates reads the built-in templates with those of own instead: a file
// there replaces the one of its name. Each is tried, so a mistake shows at start.
func loadTemplates(own fs.FS) (*templates, error) {
	base, err := fs.Sub(builtIn, "templates")
	if err != nil {
		return nil, err
	}
	if own != nil {
		if err := checkNames(own); err != nil {
			return nil, err
		}
	}
	read := func(name string) (string, error) {
		if own != nil {
			b, err := fs.ReadFile(own, name)
			if err == nil {
				return string(b), nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return "", templateError(name, err)
			}
		}
		b, err := fs.ReadFile(base, name)
		return string(b), err
	}
	frame, err := read(layout)
	if err != nil {
		return nil, err
	}
	t := &templates{text: map[string]*text.Template{}, html: map[string]*html.Template{}, subj: map[string]*text.Template{}}
	for _, kind := range auth.MailKinds() {
		if err := t.load(kind, frame, read); err != nil {
			return nil, err
		}
		if _, err := t.render(auth.Mail{Kind: kind, To: "ann@shop.example", Site: "https://shop.example"}, "app"); err != nil {
			return nil, err
		}
	}
	if own != nil {
		if t.own, err = loadOwn(own, frame); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *templates) load(kind, frame string, read func(string) (string, error)) error {
	name := kind + ".txt"
	plain, err := read(name)
	if err != nil {
		return err
	}
	plain = strings.ReplaceAll(plain, "\r\n", "\n")
	first, body, _ := strings.Cut(plain, "\n")
	subject, ok := strings.CutPrefix(first, "Subject: ")
	if !ok {
		return templateError(name, errors.New("the first line is no Subject"))
	}
	if t.subj[kind], err = text.New(name).Option("missingkey=error").Parse(subject); err != nil {
		return templateError(name, err)
	}
	if t.text[kind], err = text.New(name).Option("missingkey=error").Parse(strings.TrimLeft(body, "\n")); err != nil {
		return templateError(name, err)
	}
	name = kind + ".html"
	page, err := read(name)
	if err != nil {
		return err
	}
	h, err := html.New(layout).Parse(frame)
	if err != nil {
		return templateError(layout, err)
	}
	if t.html[kind], err = h.New(name).Parse(page); err != nil {
		return templateError(name, err)
	}
	return nil
}

// checkNames refuses files that no mail would use: a typo would go unseen.
func checkNames(own fs.FS) error {
	known := []string{layout}
	for _, kind := range auth.MailKinds() {
		known = append(known, kind+".txt", kind+".html")
	}
	entries, err := fs.ReadDir(own, ".")
	if err != nil {
		return templateError("", err)
	}
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if !e.IsDir() && (ext == ".txt" || ext == ".html") && !slices.Contains(known, e.Name()) {
			return templateError(e.Name(), errors.New("no mail has this name; there are "+strings.Join(auth.MailKinds(), ", ")))
		}
	}
	return nil
}

func templateError(name string, err error) error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.mail.templates", Message: fmt.Sprintf("%s: %v", name, err), Err: err}
}

func (t *templates) render(m auth.Mail, app string) (r rendered, err error) {
	if m.Kind == auth.MailApp {
		return rendered{subject: oneLine(m.Subject), text: m.Text, html: m.HTML}, nil
	}
	if t.text[m.Kind] == nil {
		return r, bad("kind", "no mail is called so")
	}
	v := view{
		App: oneLine(app), Site: m.Site, Link: m.Link, Code: m.Code, Name: oneLine(m.Name), Email: m.To, NewEmail: m.NewEmail,
		Minutes: int(m.Until.Sub(m.At).Round(time.Minute) / time.Minute),
	}
	var b strings.Builder
	for _, part := range []struct {
		to   *string
		exec func() error
	}{
		{&r.subject, func() error { return t.subj[m.Kind].Execute(&b, v) }},
		{&r.text, func() error { return t.text[m.Kind].Execute(&b, v) }},
		{&r.html, func() error { return t.html[m.Kind].ExecuteTemplate(&b, m.Kind+".html", v) }},
	} {
		b.Reset()
		if err := part.exec(); err != nil {
			return r, templateError(m.Kind, err)
		}
		*part.to = b.String()
	}
	r.subject = oneLine(r.subject)
	if s := []rune(r.subject); len(s) > maxSubject {
		r.subject = string(s[:maxSubject])
	}
	return r, nil
}

// oneLine is what may stand in a header: graphic characters and single spaces.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
}
