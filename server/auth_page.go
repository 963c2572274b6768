package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const pageStyle = `body{margin:0;padding:24px;background:#f5f5f4;font:16px/1.5 system-ui,sans-serif;color:#1c1917}` +
	`main{max-width:400px;margin:10vh auto;padding:32px;background:#fff;border-radius:12px}` +
	`h1{font-size:20px;margin:0 0 16px}button,input{font:inherit;padding:10px 16px;border-radius:8px;border:1px solid #a8a29e}` +
	`button{background:#1c1917;color:#fff;border-color:#1c1917;cursor:pointer}input{width:100%;box-sizing:border-box;margin:4px 0 12px}` +
	`form{margin:16px 0 0}label{font-size:14px}.bad{color:#b91c1c}`

// mailPage is the page of a mailed link: a button, so that whatever only opens
// links uses none up. No form names where it goes but this server.
var mailPage = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{{.Title}}</title><style>` + pageStyle + `</style></head>
<body><main><h1>{{.Title}}</h1>
{{if not .Page.Good}}<p>The link was used, or its time is over. Ask for a new one.</p><p><a href="{{.Page.Site}}">{{.Page.Site}}</a></p>
{{else}}{{if .Page.Problem}}<p class="bad">{{.Page.Problem}}</p>{{end}}
{{if .Page.NewEmail}}<p>The new address is {{.Page.NewEmail}}.</p>{{end}}
{{if not .Page.Needed}}<form method="post" action="/auth/v1/verify">{{template "fields" .}}<button>{{.Button}}</button></form>{{end}}
{{if .Page.Password}}<form method="post" action="/auth/v1/verify">{{template "fields" .}}<p>{{if .Page.Needed}}Give the password you signed up with.{{else}}On another device? Give the password you signed up with.{{end}}</p>
{{if .Page.Failed}}<p class="bad">The password is wrong.</p>{{end}}<label>Password<input type="password" name="password" autocomplete="current-password" required></label><button>Confirm</button></form>{{end}}
{{end}}</main></body></html>
{{define "fields"}}<input type="hidden" name="type" value="{{.Page.Type}}"><input type="hidden" name="token" value="{{.Token}}"><input type="hidden" name="redirect_to" value="{{.Redirect}}">{{end}}`))

var pageCSP = func() []byte {
	sum := sha256.Sum256([]byte(pageStyle))
	return []byte("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
}()

var (
	pageTitles = map[string][2]string{
		"signup": {"Confirm your address", "Continue"}, "magiclink": {"Sign in", "Sign in"},
		"recovery": {"Set a new password", "Continue"}, "invite": {"You are invited", "Accept"},
		"email_change": {"Confirm your new address", "Confirm"}, "email_change_current": {"Confirm the change of your address", "Confirm"},
		"email_undo": {"Take your account back", "Undo the change of address"},
	}
	typeHTML = []byte("text/html; charset=utf-8")
)

// sendPage answers the page of a mailed link.
func (r *request) sendPage(status int, page *auth.Landing) error {
	titles, ok := pageTitles[page.Type]
	if !ok {
		titles, page.Good, status = [2]string{"This link is not valid", ""}, false, hutch.OTPExpired.Status()
	}
	v := struct {
		Title, Button, Token, Redirect string
		Page                           *auth.Landing
	}{titles[0], titles[1], r.param("token"), r.param("redirect_to"), page}
	if v.Token == "" {
		v.Token, v.Redirect = r.formParam("token"), r.formParam("redirect_to")
	}
	var b bytes.Buffer
	if err := mailPage.Execute(&b, v); err != nil {
		return hutch.Errorf(hutch.Internal, "writing a page: %w", err)
	}
	r.send(status, append(r.buffer(), b.Bytes()...))
	r.fctx.Response.Header.SetContentTypeBytes(typeHTML)
	r.header(hdrCSP, pageCSP)
	return nil
}

// formParam is a field of the form that a page sent.
func (r *request) formParam(name string) string {
	return string(r.fctx.PostArgs().Peek(name))
}
