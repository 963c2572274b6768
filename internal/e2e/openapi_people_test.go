package e2e_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// withMail lets the shop send mail to a box on loopback; who signs up need not
// confirm it.
func (s *shop) withMail() {
	s.t.Helper()
	file := filepath.Join(s.dir, "hutch.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	const line = "  signup: true\n"
	with := strings.Replace(string(text), line, line+"  confirmEmail: false\n", 1)
	if err := os.WriteFile(file, []byte(with), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "SMTP_URL=smtp://"+startMailbox(s.t).addr)
}

// guarded is somebody whose session has shown a second factor, and who is asked
// for one more.
func (s *shop) guarded(h *things) (token string) {
	s.t.Helper()
	a := s.account()
	s.prove(a.token, s.enroll(a.token, "phone"))
	h.ids["/auth/v1/factors/"] = s.enroll(a.token, "other").id
	return a.token
}

// people adds who is written to, mails that were given up among them, and what
// else a request needs more than an id for.
func (h *things) people(s *shop) {
	h.t.Helper()
	const address = "kept@shop.example"
	own := map[string]any{"email": address, "password": "a sentence of their own"}
	again := h.undeliverable(s, "nobody.one@shop.example", "")
	gone := h.undeliverable(s, "nobody.two@shop.example", again)
	maps.Copy(h.ids, map[string]string{
		"/admin/v1/imports/{id}/parts/": "1", "/admin/v1/jobs/": again, "DELETE /admin/v1/jobs/": gone,
		"/admin/v1/about/licences/": first(h.ask("GET", "/admin/v1/about", nil), "licences", "text"),
	})
	h.values["POST /auth/v1/token grant_type"] = "password"
	mail := map[string]any{"email": address}
	maps.Copy(h.bodies, map[string]any{
		"POST /auth/v1/token": own,
		"POST /auth/v1/otp":   mail, "POST /auth/v1/magiclink": mail, "POST /auth/v1/recover": mail,
		"POST /auth/v1/invite":     map[string]any{"email": "asked@shop.example"},
		"POST /admin/v1/mail/test": map[string]any{"to": address}, "POST /admin/v1/mail/preview": map[string]any{"kind": "confirm"},
		"POST /admin/v1/auth/invite": map[string]any{"email": "asked.too@shop.example"},
	})
}

// undeliverable is a mail that was given up, beside another.
func (h *things) undeliverable(s *shop, to, other string) (id string) {
	h.t.Helper()
	h.ask("POST", "/admin/v1/auth/invite", map[string]any{"email": to})
	s.eventually("the mail is given up", func() bool {
		all, _ := h.ask("GET", "/admin/v1/jobs", nil)["jobs"].([]any)
		for _, j := range all {
			if id, _ = j.(map[string]any)["id"].(string); id != other {
				return true
			}
		}
		return false
	})
	return id
}
