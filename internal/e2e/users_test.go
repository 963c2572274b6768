package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

const staffed = `name: staffed
collections:
  notes: { access: { read: "true" } }
  odd: { access: { read: "true", create: "true" } }
functions:
  manage: { handler: manage.ts, trigger: { call: {} }, auth: "true", admin: true, idempotency: optional, timeout: 20s }
  plain: { handler: plain.ts, trigger: { call: {} }, auth: "true" }
  look: { handler: look.ts, trigger: { before: [create], collection: odd }, admin: true, timeout: 5s }
  gate: { handler: gate.ts, trigger: { auth: beforeSignIn }, timeout: 2s }
  made: { handler: made.ts, trigger: { auth: afterSignUp } }
`

const manageTS = `import { fn, HutchError } from '@hutch/client/functions'
export default fn<'call'>(async ({ data }, ctx) => {
  const out = []
  for (const [name, ...args] of data.do) out.push(await (ctx.auth as any)[name](...args.map((a: any) => a?.date ? new Date(a.date) : a)))
  if (data.note) ctx.admin.db.create('notes', { _id: data.note })
  if (data.fail) throw new HutchError('failed_precondition', 'changed my mind')
  return out
})`

const gateTS = `import { HutchError } from '@hutch/client/functions'
export default async ({ user }, ctx) => {
  const refused = []
  for (const f of [() => ctx.auth.setRoles(user.id, ['boss']), () => ctx.auth.createUser({ email: 'x@example.test' }), () => ctx.auth.revoke(user.id),
    () => ctx.db.get('notes', 'n'), () => ctx.admin.db.create('notes', {})]) {
    try { await f(); throw new Error('it passed: ' + f) } catch (e) { refused.push(e.code) }
  }
  if (refused.some(c => c !== 'failed_precondition')) throw new Error('refused with ' + refused)
  if (user.user_metadata.mode === 'loop') for (;;);
  if (user.user_metadata.mode === 'crash') null.x
  if (user.user_metadata.mode === 'memory') { const a = []; for (;;) a.push(new Uint8Array(1 << 24)) }
  if (user.user_metadata.mode === 'out') throw new HutchError('aborted', 'not today')
}`

// TestS2FunctionsManageUsers: by real functions, over HTTP.
func TestS2FunctionsManageUsers(t *testing.T) {
	s := app(t, "hutch.yaml", staffed, "manage.ts", manageTS, "gate.ts", gateTS,
		"plain.ts", `export default async ({ data }, ctx) => ctx.auth.getUser(data)`,
		"look.ts", `export default async ({ after }, ctx) => {
  const user = await ctx.auth.getUser(after.who)
  if (after.write) await ctx.auth.setRoles(after.who, ['boss'])
  return { ...after, email: user?.email }
}`,
		"made.ts", `export default async ({ user, type, auth }, ctx) => {
  ctx.admin.db.create('notes', { _id: user.id, type, nobody: auth === null })
  await ctx.auth.setClaims(user.id, { greeted: true })
}`)
	ann := s.signUp()
	manage := func(body string, headers ...string) answer {
		t.Helper()
		return s.do("POST", "/functions/v1/manage", "", body, headers...)
	}
	s.eventually("the after-trigger wrote both", func() bool {
		return strings.Contains(s.do("GET", "/data/v1/docs/notes/"+ann.uid, "", nil).body, `"nobody":true,"type":"auth.afterSignUp"`) ||
			strings.Contains(s.do("GET", "/data/v1/docs/notes/"+ann.uid, "", nil).body, `"type":"auth.afterSignUp","nobody":true`)
	})
	a := manage(`{"do": [["getUser", "` + ann.uid + `"]]}`)
	if a.status != 200 || !strings.Contains(a.body, `"greeted":true`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, secret := range []string{"argon2", "assword", "hash", "oken", "epoch", "networks"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%q in %s", secret, a.body)
		}
	}
	t.Run("what a run does is one commit", func(t *testing.T) {
		a := manage(`{"do": [["setRoles", "` + ann.uid + `", ["keeper"]], ["setClaims", "` + ann.uid + `", {"plan": "pro"}], ["getUser", "` + ann.uid + `"]], "note": "n1", "fail": true}`)
		if a.status != 412 || s.do("GET", "/data/v1/docs/notes/n1", "", nil).status != 404 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("GET", "/auth/v1/user", ann.token, nil); strings.Contains(a.body, "keeper") || strings.Contains(a.body, `"plan"`) {
			t.Errorf("a failed run changed %s", a.body)
		}
		a = manage(`{"do": [["setRoles", "` + ann.uid + `", ["keeper"]], ["setClaims", "` + ann.uid + `", {"plan": "pro"}], ["getUser", "` + ann.uid + `"]], "note": "n1"}`)
		if a.status != 200 || strings.Count(a.body, `"plan":"pro"`) != 2 || s.do("GET", "/data/v1/docs/notes/n1", "", nil).status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("GET", "/auth/v1/user", ann.token, nil); !strings.Contains(a.body, `"roles":["keeper"]`) || !strings.Contains(a.body, `"plan":"pro"`) {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("20 parallel runs each count", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if a := manage(fmt.Sprintf(`{"do": [["setClaims", "%s", {"n%d": true}]]}`, ann.uid, i)); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		a := s.do("GET", "/auth/v1/user", ann.token, nil)
		for i := range 20 {
			if !strings.Contains(a.body, fmt.Sprintf(`"n%d":true`, i)) {
				t.Errorf("n%d is lost: %s", i, a.body)
			}
		}
	})
	t.Run("accounts", func(t *testing.T) {
		a := manage(`{"do": [["createUser", {"email": "Bob@example.test", "password": "a long enough password", "email_confirm": true, "roles": ["new"]}],
			["getUser", "bob@EXAMPLE.test"], ["getUser", "nobody@example.test"], ["findUsers", {"role": "keeper", "limit": 5}]]}`)
		if a.status != 200 || strings.Count(a.body, `"aud":"authenticated","role":"authenticated","email":"Bob@example.test"`) != 2 || !strings.Contains(a.body, `,null,[{`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a := s.do("POST", "/auth/v1/token?grant_type=password", "", `{"email":"bob@example.test","password":"a long enough password"}`); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := manage(`{"do": [["createUser", {"email": "bob@example.test"}]], "note": "n2"}`); a.code() != "already_exists" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := manage(`{"do": [["ban", "bob@example.test", {"date": "2100-01-01T00:00:00Z"}]]}`); a.status != 200 || !strings.Contains(a.body, `"banned_until":"2100-`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("POST", "/auth/v1/token?grant_type=password", "", `{"email":"bob@example.test","password":"a long enough password"}`); a.code() != "user_banned" {
			t.Errorf("%d %s", a.status, a.body)
		}
		for body, code := range map[string]string{
			`["ban", "bob@example.test"]`: "invalid_argument", `["setRoles", "nobody@example.test", []]`: "not_found",
			`["setRoles", "bob@example.test", "boss"]`: "invalid_argument", `["setClaims", "bob@example.test", {"roles": ["x"]}]`: "invalid_argument",
			`["createUser", {"email": "c@example.test", "password_hash": "x"}]`: "invalid_argument", `["invite", "c@example.test"]`: "failed_precondition",
			`["getUser", "_keys"]`: "", `["getUser", ""]`: "invalid_argument", `["getUser", 7]`: "invalid_argument",
		} {
			if a := manage(`{"do": [` + body + `]}`); a.code() != code {
				t.Errorf("%s: %d %s", body, a.status, a.body)
			}
		}
		if a := manage(`{"do": [["ban", "bob@example.test", null]]}`); a.status != 200 || strings.Contains(a.body, "banned_until") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("sessions end", func(t *testing.T) {
		if a := manage(`{"do": [["revoke", "` + ann.uid + `"]]}`); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("GET", "/auth/v1/user", ann.token, nil); a.status != 401 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("only with admin, and hooks only read", func(t *testing.T) {
		if a := s.do("POST", "/functions/v1/plain", "", `"`+ann.uid+`"`); a.status != 500 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("POST", "/data/v1/docs/odd", "", `{"who":"bob@example.test"}`); a.status != 201 || !strings.Contains(a.body, "Bob@example.test") {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := s.do("POST", "/data/v1/docs/odd", "", `{"who":"bob@example.test","write":true}`); a.status != 412 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("S31: a function that fails lets nobody in", func(t *testing.T) {
		for mode, want := range map[string]int{"loop": 504, "crash": 500, "memory": 500, "out": 409, "fine": 200} {
			a := s.do("POST", "/auth/v1/signup", "", `{"email":"`+mode+`@example.test","password":"a long enough password","data":{"mode":"`+mode+`"}}`)
			if a.status != want || strings.Contains(a.body, "access_token") != (want == 200) {
				t.Errorf("%s: %d %s", mode, a.status, a.body)
			}
			if a := manage(`{"do": [["getUser", "` + mode + `@example.test"]]}`); strings.Contains(a.body, mode) != (want == 200) {
				t.Errorf("%s left a trace: %s", mode, a.body)
			}
		}
	})
}

// TestS61WhatCannotBeToldOfTheErasedIsDropped: a function that never works leaves
// no letter about a person who is gone.
func TestS61WhatCannotBeToldOfTheErasedIsDropped(t *testing.T) {
	s := app(t, "hutch.yaml", `name: deaf
functions:
  deaf: { handler: deaf.ts, trigger: { auth: afterSignUp } }
`, "deaf.ts", `export default () => { throw new Error("deaf") }`)
	ann := s.signUp()
	s.eventually("it failed once", func() bool { return strings.Contains(s.log.String(), "deaf.ts") })
	if a := s.do("DELETE", "/auth/v1/user", ann.token, nil); a.status != 204 && a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.eventually("it is given up", func() bool { return strings.Contains(s.log.String(), "did not hear of an account") })
}
