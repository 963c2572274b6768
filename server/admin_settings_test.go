package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/server"
)

// keeper is a double of what boot plugs.
type keeper struct{ to []string }

func (k *keeper) Config(context.Context) (*server.ConfigView, error) {
	return &server.ConfigView{
		Values:   []server.ConfigValue{{Path: "name", Value: "shop", Source: "file"}},
		Findings: []server.ConfigFinding{}, Reloads: []server.ConfigReload{},
	}, nil
}

func (k *keeper) Mail(context.Context) (*server.MailView, error) {
	return &server.MailView{Sends: true, Waiting: 3, Kinds: []string{}, Templates: []string{}, Failures: []server.MailFailed{}}, nil
}

func (k *keeper) PreviewMail(_ context.Context, m server.MailAsked) (*server.MailPreview, error) {
	return &server.MailPreview{Subject: m.Kind + m.Template, HTML: "<script>" + string(m.Data)}, nil
}

func (k *keeper) TestMail(_ context.Context, to string) error {
	k.to = append(k.to, to)
	return nil
}

func (k *keeper) About(context.Context) (*server.About, error) {
	return &server.About{Version: "1", Started: time.Unix(0, 0).UTC(), Licences: []server.Licence{}}, nil
}

func (k *keeper) LicenceText(_ context.Context, id string) (string, error) {
	if id != "l1" {
		return "", &hutch.Error{Code: hutch.NotFound, Message: "there is no such licence"}
	}
	return "Permission is granted", nil
}

// trusting takes every operator's proof for a recent one.
type trusting struct{ server.Operators }

func (trusting) Recent(context.Context, string) error { return nil }

func TestSettingsForOperators(t *testing.T) {
	k := &keeper{}
	op := func(name, method, path, body string, status int, has ...string) scenario {
		return scenario{name: name, as: "operator", method: method, path: path, body: body, status: status, has: has}
	}
	const tenYears = "315360000"
	run(t, start(t, func(o *server.Options) { o.Settings, o.Desk.Operators = k, trusting{} }), []scenario{
		op("keys", "GET", "/admin/v1/keys", "", 200, `{"keys":[{"id":"k1"`),
		op("a key is shown once", "POST", "/admin/v1/keys", `{"name":"b","scope":"auth"}`, 200, `{"key":"hutch_sk_once","stored":{"id":"k2","name":"b 0s","scope":"auth"`, "no-store"),
		op("a key that ends", "POST", "/admin/v1/keys", `{"name":"b","seconds":`+tenYears+`}`, 200, `"name":"b 87600h0m0s"`),
		op("a key that ends later", "POST", "/admin/v1/keys", `{"name":"b","seconds":315360001}`, 400, `"field":"seconds"`),
		op("a key that has ended", "POST", "/admin/v1/keys", `{"name":"b","seconds":-1}`, 400, `"field":"seconds"`),
		op("an unknown key of JSON", "POST", "/admin/v1/keys", `{"name":"b","life":1}`, 400, `"field":"life"`),
		op("a large body", "POST", "/admin/v1/keys", `{"name":"`+strings.Repeat("x", 65<<10)+`"}`, 413),
		op("revoke", "DELETE", "/admin/v1/keys/k1", "", 204),
		op("revoke what is not there", "DELETE", "/admin/v1/keys/k9", "", 404, "no such key"),
		op("signing keys", "GET", "/admin/v1/signing", "", 200, `{"keys":[{"id":"kid"`, `"state":"signs"`),
		op("rotate", "POST", "/admin/v1/signing/rotate", `{}`, 200, `"id":"next"`),
		op("rotate now", "POST", "/admin/v1/signing/rotate", `{"now":true}`, 200, `"id":"at once"`),
		op("rotate, maybe", "POST", "/admin/v1/signing/rotate", `{"now":"yes"}`, 400, `"field":"now"`),
		op("config", "GET", "/admin/v1/config", "", 200, `"values":[{"path":"name","value":"shop","source":"file"}]`),
		op("a query that is not known", "GET", "/admin/v1/config?secrets=1", "", 400, `"field":"secrets"`),
		op("mail", "GET", "/admin/v1/mail", "", 200, `"waiting":3`),
		op("a preview", "POST", "/admin/v1/mail/preview", `{"kind":"confirm"}`, 200, `"subject":"confirm"`, `\u003cscript\u003e`),
		op("a template", "POST", "/admin/v1/mail/preview", `{"template":"receipt","data":{"total":7}}`, 200, `"subject":"receipt"`, `{\"total\":7}`),
		op("both", "POST", "/admin/v1/mail/preview", `{"kind":"confirm","template":"receipt"}`, 400, `"field":"kind"`),
		op("neither", "POST", "/admin/v1/mail/preview", `{}`, 400, `"field":"kind"`),
		op("a test mail", "POST", "/admin/v1/mail/test", `{"to":"ann@shop.example"}`, 204),
		op("about", "GET", "/admin/v1/about", "", 200, `"version":"1"`),
		op("a licence", "GET", "/admin/v1/about/licences/l1", "", 200, `{"text":"Permission is granted"}`),
		op("no licence", "GET", "/admin/v1/about/licences/l2", "", 404),
		op("users", "GET", "/admin/v1/auth/users", "", 200, `"users":[{"id":"u"`),
	})
	if len(k.to) != 1 || k.to[0] != "ann@shop.example" {
		t.Errorf("%q", k.to)
	}
	run(t, start(t), []scenario{op("nothing is plugged", "GET", "/admin/v1/config", "", 404)})
}

// TestS91NoRouteChangesTheAudit: whoever asks, with whatever method, rows stay;
// and no route takes the collection as documents.
func TestS91NoRouteChangesTheAudit(t *testing.T) {
	s := start(t)
	for _, r := range s.Routes() {
		if strings.Contains(r.Path, "audit") && r.Method != "GET" {
			t.Errorf("%s touches the audit", r.Name)
		}
	}
	for _, as := range []string{"operator", "data", "ops", "auth", "ann"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			for _, path := range []string{"/admin/v1/audit", "/admin/v1/audit/1"} {
				if a := s.do(t, as, method, path, ""); a.StatusCode < 400 {
					t.Errorf("%s %s as %s: %d", method, path, as, a.StatusCode)
				}
			}
		}
	}
}
