package e2e_test

import (
	"io"
	"mime/quotedprintable"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// rawbox is a mail server that keeps what comes as it came: headers, text and HTML.
type rawbox struct {
	mu  sync.Mutex // guards got
	got []string
}

type rawDelivery struct {
	m  *rawbox
	to []string
}

func (*rawDelivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *rawDelivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, to)
	return nil
}
func (*rawDelivery) Reset()        {}
func (*rawDelivery) Logout() error { return nil }

func (d *rawDelivery) Data(r io.Reader) error {
	b, err := io.ReadAll(quotedprintable.NewReader(r))
	if err != nil {
		return err
	}
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.m.got = append(d.m.got, "to "+strings.Join(d.to, ",")+"\n"+string(b))
	return nil
}

// to gives the mails to an address.
func (m *rawbox) to(address string) (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.got {
		if strings.HasPrefix(s, "to "+address+"\n") {
			out = append(out, s)
		}
	}
	return out
}

func (m *rawbox) start(t *testing.T) (addr string) {
	t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &rawDelivery{m: m}, nil }))
	srv.Domain = "localhost"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return ln.Addr().String()
}

// TestS85MailOfFunctions: it goes out once the run's commit is there, one an
// address, and nothing that is given reaches a header.
func TestS85MailOfFunctions(t *testing.T) {
	box := &rawbox{}
	s := app(t, "hutch.yaml", `name: mailing
auth: { confirmEmail: false, mail: { smtp: "smtp://`+box.start(t)+`", from: "Shop <no-reply@shop.example>", templates: mail } }
collections:
  things: { access: { read: "true", create: "true" } }
  counts: {}
functions:
  send: { handler: send.ts, trigger: { call: {} }, auth: "true", admin: true, timeout: 20s }
  hook: { handler: hook.ts, trigger: { before: [create], collection: things }, timeout: 5s }
  greet: { handler: greet.ts, trigger: { auth: afterSignUp } }
`, "send.ts", `import { HutchError } from '@hutch/client/functions'
export default async ({ data }, ctx) => {
  if (data.count) {
    const n = (await ctx.admin.db.get('counts', 'n'))?.n ?? 0
    ctx.admin.db.set('counts', 'n', { n: n + 1 })
  }
  for (const mail of data.mails) await ctx.mail.send(mail)
  if (data.fail) throw new HutchError('failed_precondition', 'no')
  return null
}`, "hook.ts", `export default async ({ after }, ctx) => { await ctx.mail.send({ to: 'x@y.example', subject: 'a', text: 'b' }) }`,
		"greet.ts", `export default async ({ user }, ctx) => {
  await ctx.mail.send({ to: user.email, template: 'welcome', data: { name: user.user_metadata.name, items: ['a', 'b'] } })
}`,
		"mail/app/welcome.txt", "Subject: Welcome {{.Data.name}}\n\nHello {{.Data.name}}{{range .Data.items}} +{{.}}{{end}} from {{.App}}\n",
		"mail/app/welcome.html", "{{template \"head\" .}}<b>{{.Data.name}}</b>{{template \"foot\" .}}")
	send := func(body string) answer {
		t.Helper()
		return s.do("POST", "/functions/v1/send", "", body)
	}
	t.Run("with a template, from a job", func(t *testing.T) {
		a := s.do("POST", "/auth/v1/signup", "", `{"email":"ann@shop.example","password":"a long enough password","data":{"name":"<i>Ann</i>\r\nBcc: eve@evil.example"}}`)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		s.eventually("the mail", func() bool { return len(box.to("ann@shop.example")) == 1 })
		got := box.to("ann@shop.example")[0]
		head, body, _ := strings.Cut(got, "\r\n\r\n")
		if strings.Contains(head, "\nBcc") || !strings.Contains(head, "Subject: Welcome <i>Ann</i> Bcc: eve@evil.example") {
			t.Errorf("headers: %s", head)
		}
		if !strings.Contains(body, "+a +b from mailing") || !strings.Contains(body, "<b>&lt;i&gt;Ann&lt;/i&gt;") {
			t.Errorf("body: %s", body)
		}
		if len(box.to("eve@evil.example")) != 0 {
			t.Error("a stranger got a mail")
		}
	})
	t.Run("a failed run sends nothing", func(t *testing.T) {
		if a := send(`{"mails": [{"to": "bob@shop.example", "subject": "s", "text": "failed"}], "fail": true}`); a.status != 412 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a := send(`{"mails": [{"to": ["bob@shop.example", "BOB@shop.example", "cid@shop.example"], "subject": "s", "text": "well", "html": "<p>well</p>"}]}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		s.eventually("both mails", func() bool { return len(box.to("bob@shop.example")) == 1 && len(box.to("cid@shop.example")) == 1 })
		if got := box.to("bob@shop.example")[0]; strings.Contains(got, "failed") || strings.Contains(got, "cid@") {
			t.Errorf("%s", got)
		}
	})
	t.Run("10 runs that contend send and count one each", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if a := send(`{"mails": [{"to": "dan@shop.example", "subject": "s", "text": "t"}], "count": true}`); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		s.eventually("ten mails", func() bool { return len(box.to("dan@shop.example")) == 10 })
		for range 10 {
			if a := send(`{"mails": [{"to": "dan@shop.example", "subject": "s", "text": "t"}]}`); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		if a := send(`{"mails": [{"to": "DAN@shop.example", "subject": "s", "text": "t"}]}`); a.code() != "resource_exhausted" {
			t.Errorf("S86: %d %s", a.status, a.body)
		}
	})
	t.Run("what is refused", func(t *testing.T) {
		many := `["` + strings.Repeat(`x@y.example","`, 50) + `x@y.example"]`
		for mail, field := range map[string]string{
			`{"to": "x@y.example", "subject": "a\r\nBcc: eve@evil.example", "text": "t"}`:          "subject",
			`{"to": "x@y.example", "subject": "a\u001b", "text": "t"}`:                             "subject",
			`{"to": "x@y.example\r\nBcc: eve@evil.example", "subject": "a", "text": "t"}`:          "to",
			`{"to": "x@y.example, eve@evil.example", "subject": "a", "text": "t"}`:                 "to",
			`{"to": "Ann <x@y.example>", "subject": "a", "text": "t"}`:                             "to",
			`{"to": ` + many + `, "subject": "a", "text": "t"}`:                                    "to",
			`{"to": [], "subject": "a", "text": "t"}`:                                              "to",
			`{"subject": "a", "text": "t"}`:                                                        "to",
			`{"to": "x@y.example", "text": "t"}`:                                                   "subject",
			`{"to": "x@y.example", "subject": "a", "html": "<p>"}`:                                 "text",
			`{"to": "x@y.example", "template": "none"}`:                                            "template",
			`{"to": "x@y.example", "template": "../confirm"}`:                                      "template",
			`{"to": "x@y.example", "template": "welcome", "data": {}}`:                             "data",
			`{"to": "x@y.example", "template": "welcome", "subject": "a"}`:                         "template",
			`{"to": "x@y.example", "subject": 1, "text": "t"}`:                                     "mail",
			`{"to": "x@y.example", "subject": "a", "text": "` + strings.Repeat("x", 1<<16) + `y"}`: "text",
		} {
			if a := send(`{"mails": [` + mail + `]}`); a.code() != "invalid_argument" || !strings.Contains(a.body, `"field":"`+field+`"`) {
				t.Errorf("%.80s: %d %s", mail, a.status, a.body)
			}
		}
		if a := s.do("POST", "/data/v1/docs/things", "", `{"a":1}`); a.status != 412 {
			t.Errorf("from a hook: %d %s", a.status, a.body)
		}
		if n := len(box.to("x@y.example")) + len(box.to("eve@evil.example")); n != 0 {
			t.Errorf("%d mails", n)
		}
	})
}
