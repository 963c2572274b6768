package mail

import (
	"encoding/json"
	"errors"
	html "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	text "text/template"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// ownFolder holds the templates of the app's own mails, in the templates folder.
const ownFolder = "app"

const maxRendered = 64 << 10

// ownTemplate is <name>.txt, whose first line is the subject, and maybe <name>.html.
type ownTemplate struct {
	subject, text *text.Template
	html          *html.Template // nil: none
}

// ownView is what one sees.
type ownView struct {
	App, Site, Email string
	Name, Link, Code string // empty: layout.html asks for them
	Data             any
}

var (
	_ auth.Renderer  = (*Mailer)(nil)
	_ auth.Previewer = (*Mailer)(nil)
	_ auth.Previewer = (*Printer)(nil)
)

// Preview gives the mail as it would be sent.
func (m *Mailer) Preview(mail auth.Mail) (auth.Mail, error) {
	return m.templates.preview(mail, m.o.App)
}

// Templates lists those of the app's own mails.
func (m *Mailer) Templates() []string { return m.templates.names() }

func (t *templates) names() []string { return slices.Sorted(maps.Keys(t.own)) }

func (t *templates) preview(mail auth.Mail, app string) (auth.Mail, error) {
	if mail.Kind == auth.MailApp {
		return t.fill(mail, app)
	}
	r, err := t.render(mail, app)
	mail.Subject, mail.Text, mail.HTML = r.subject, r.text, r.html
	return mail, err
}

func loadOwn(own fs.FS, frame string) (map[string]*ownTemplate, error) {
	out := map[string]*ownTemplate{}
	entries, err := fs.ReadDir(own, ownFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, templateError(ownFolder, err)
	}
	pages := map[string]string{}
	for _, e := range entries {
		file := path.Join(ownFolder, e.Name())
		ext := path.Ext(file)
		if e.IsDir() || ext != ".txt" && ext != ".html" {
			continue
		}
		b, err := fs.ReadFile(own, file)
		if err != nil {
			return nil, templateError(file, err)
		}
		name := strings.TrimSuffix(e.Name(), ext)
		if ext == ".html" {
			pages[name] = string(b)
		} else if out[name], err = parseOwn(file, string(b)); err != nil {
			return nil, err
		}
	}
	for name, page := range pages {
		file := path.Join(ownFolder, name+".html")
		if out[name] == nil {
			return nil, templateError(file, errors.New("there is no "+name+".txt beside it"))
		}
		h, err := html.New(layout).Option("missingkey=error").Parse(frame)
		if err == nil {
			out[name].html, err = h.New(file).Parse(page)
		}
		if err != nil {
			return nil, templateError(file, err)
		}
	}
	return out, nil
}

func parseOwn(file, s string) (*ownTemplate, error) {
	first, body, _ := strings.Cut(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	subject, ok := strings.CutPrefix(first, "Subject: ")
	if !ok {
		return nil, templateError(file, errors.New("the first line is no Subject"))
	}
	t := new(ownTemplate)
	var err error
	if t.subject, err = text.New(file).Option("missingkey=error").Parse(subject); err == nil {
		t.text, err = text.New(file).Option("missingkey=error").Parse(strings.TrimLeft(body, "\n"))
	}
	if err != nil {
		return nil, templateError(file, err)
	}
	return t, nil
}

// Render fills in a template of the app's own.
func (m *Mailer) Render(mail auth.Mail) (auth.Mail, error) { return m.templates.fill(mail, m.o.App) }

func (t *templates) fill(mail auth.Mail, app string) (auth.Mail, error) {
	own := t.own[mail.Template]
	if own == nil {
		return mail, bad("template", "there is no template of this name").WithHint("templates are app/<name>.txt in auth.mail.templates")
	}
	v := ownView{App: oneLine(app), Site: mail.Site, Email: mail.To}
	if len(mail.Data) > 0 && json.Unmarshal(mail.Data, &v.Data) != nil {
		return mail, bad("data", "data is no JSON")
	}
	var subject, body, page strings.Builder
	err := errors.Join(own.subject.Execute(&subject, v), own.text.Execute(&body, v))
	if err == nil && own.html != nil {
		err = own.html.Execute(&page, v)
	}
	switch {
	case err != nil:
		return mail, &hutch.Error{Code: hutch.InvalidArgument, Field: "data", Message: "the template " + mail.Template + " cannot be filled in", Err: err}
	case body.Len()+page.Len() > maxRendered:
		return mail, bad("data", "the mail is larger than 64 KiB")
	}
	mail.Subject, mail.Text, mail.HTML = oneLine(subject.String()), body.String(), page.String()
	if s := []rune(mail.Subject); len(s) > maxSubject {
		mail.Subject = string(s[:maxSubject])
	}
	mail.Template, mail.Data = "", nil
	return mail, nil
}
