package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/auth"
)

var redirectPatterns = []string{
	"https://shop.example/app/**", "https://*.preview.example/cb", "https://pay.example:8443/in/*/out",
	"https://bare.example", "http://localhost:5173/**", "petstore://auth", "com.example.app:/cb", "https://pr.example/pr-*/ok",
}

func TestS37RedirectsCompareAsURLs(t *testing.T) {
	r, err := auth.ParseRedirects(redirectPatterns)
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://home.example"
	for _, ok := range []string{
		"https://shop.example/app/", "https://shop.example/app/a/b?c=d", "https://SHOP.example/app/x", "https://shop.example:443/app/x",
		"https://a.preview.example/cb", "https://pay.example:8443/in/7/out", "https://bare.example", "https://bare.example/?x=1",
		"http://localhost:5173/any/where", "petstore://auth", "petstore://auth?x=1", "com.example.app:/cb", "https://pr.example/pr-17/ok",
		"https://home.example/any?where=1",
	} {
		if got := r.Allow(ok, base); got.String() != ok {
			t.Errorf("%s goes to %s", ok, got)
		}
	}
	for _, bad := range []string{
		"", "/", "//evil.example", "///evil.example", `\\evil.example`, `/\evil.example`, "https:evil.example", "https:/evil.example",
		"https:///evil.example", "evil.example", "?x", "#x", "javascript:alert(1)", "JavaScript://shop.example/app/%0aalert(1)",
		"data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://shop.example/app/1", "view-source:https://shop.example/app/",
		"http://shop.example/app/", "ftp://shop.example/app/", "https://shop.example/", "https://shop.example/application",
		"https://shop.example/app", "https://shop.example.evil.example/app/", "https://evil-shop.example/app/", "https://evilshop.example/app/",
		"https://shop.example@evil.example/app/", "https://user:pw@shop.example/app/", "https://shop.example:443@evil.example/app/",
		"https://evil.example/app/?https://shop.example/app/", "https://evil.example/https://shop.example/app/",
		`https://evil.example\@shop.example/app/`, `https://shop.example\.evil.example/app/`, `https://shop.example/app/\..\..\x`,
		"https://shop.example/app/#token", "https://evil.example#@shop.example/app/", "https://shop.example/app/../admin",
		"https://shop.example/app/%2e%2e/admin", "https://shop.example/app/.%2E/admin", "https://shop.example/app/..%2fadmin",
		"https://shop.example/app/%5c..%5cadmin", "https://shop.example/app/%00", "https://shop.example./app/",
		"https://shop.example:444/app/", "https://shop.example:/app/", "https://shop.example:0443/app/", "https://shop%2eexample/app/",
		"https://shop.example%00.evil.example/app/", "https://shop.example%23.evil.example/app/", "https://shop。example/app/",
		"https://ѕhop.example/app/", "https://shop.example\t/app/", "https://shop.example\r\n/app/", " https://shop.example/app/",
		"https://shop.example/app/\x00", "https://shop.example/app/\u202e", "https://[::1]/app/", "https://preview.example/cb",
		"https://a.b.preview.example/cb", "https://.preview.example/cb", "https://a.preview.example/cb/x", "https://xpreview.example/cb",
		"https://a.preview.example.evil.example/cb", "https://pay.example/in/7/out", "https://pay.example:8443/in/7/8/out",
		"https://pay.example:8443/in//x/out", "http://127.0.0.1:5173/x", "http://localhost:5174/x", "http://localhost.evil.example:5173/",
		"http://localhost:5173@evil.example/", "petstore://evil", "petstore://auth/x", "petstore2://auth", "petstore:auth", "petstore:/auth",
		"com.example.app:/cb/x", "com.example.app://cb", "https://pr.example/pr-1/2/ok", "https://home.example.evil.example/", "https://home.example@evil.example",
		"https://shop.example;@evil.example/app/", "https://shop.example&@evil.example/app/", "https://shop.example,evil.example/app/",
		"https://shop.example%09/app/", "https://shop.example%0d%0aHost:evil.example/app/", "ht\ntps://shop.example/app/", "https\t://evil.example/",
		"https://[::ffff:127.0.0.1]/app/", "https://[::1%25eth0]/app/", "http://[::1]:5173/x", "https://2130706433/app/", "https://0x7f.1/app/",
		"https://xn--hop-oed.example/app/", "https://shop.example:443.evil.example/app/", "https://shop.example:99999/app/", "https://shop.example/app/%252e%252e/../x",
		"https://shop.example/app/;/../x", "https://evil.example?@shop.example/app/", "petstore://auth@evil", "petstore://auth:80", "PETSTORE2://auth",
		"http://home.example/", "https://home.example:8443/", "https://shop.example/app/" + strings.Repeat("x", 2048),
	} {
		if got := r.Allow(bad, base).String(); got != base {
			t.Errorf("%q goes to %s", bad, got)
		}
	}
}

func TestRedirectPatternsAreChecked(t *testing.T) {
	for _, p := range []string{
		"", "shop.example", "https://", "https://*", "https://*.*.example/", "https://*/**", "https://a*.example/", "https://shop.example**",
		"https://shop.example/a**", "https://shop.example/**/x", "https://shop.example/***", "https://shop.example:*/", "*://shop.example/",
		"http://shop.example/", "https://u@shop.example/", "https://shop.example/#x", "https://shop.example/?x", "https://*.example@x/",
		"https://shop.example/a/../b", "javascript://x", "data://x", "file:///x", "https://*.com", "http://*.localhost/", "petstore:auth",
		"https://sh\u043ep.example/", `https://shop.example\x`,
	} {
		if _, err := auth.ParseRedirects([]string{p}); err == nil {
			t.Errorf("%q is accepted", p)
		}
	}
}

func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"https://shop.example/app/x", "https://shop.example@evil.example/app/", `https:\\shop.example/app/`, "petstore://auth", "https://a.preview.example/cb", "http://localhost:5173/a"} {
		f.Add(s)
	}
	r, err := auth.ParseRedirects(redirectPatterns)
	if err != nil {
		f.Fatal(err)
	}
	hosts := map[string]bool{
		"shop.example": true, "pay.example": true, "bare.example": true, "pr.example": true, "home.example": true,
		"localhost": true, "auth": true, "": true,
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := r.Allow(s, "https://home.example").String()
		// A browser turns backslashes into slashes and drops tabs and newlines.
		for _, form := range []string{got, strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(got)} {
			u, err := url.Parse(form)
			if err != nil {
				t.Fatalf("%q gives %q: %v", s, got, err)
			}
			host := strings.ToLower(u.Hostname())
			label, sub := strings.CutSuffix(host, ".preview.example")
			if !hosts[host] && (!sub || label == "" || strings.Contains(label, ".")) || u.User != nil || u.Fragment != "" {
				t.Fatalf("%q gives %q", s, got)
			}
			if u.Scheme != "https" && host != "localhost" && u.Scheme != "petstore" && u.Scheme != "com.example.app" {
				t.Fatalf("%q gives %q", s, got)
			}
		}
	})
}

// TestRedirectsOnOnesOwnMachine: a page that was opened under another name of it
// gets its code back, where its verifier is.
func TestRedirectsOnOnesOwnMachine(t *testing.T) {
	r := &auth.Redirects{}
	for _, c := range []struct{ target, base, want string }{
		{"http://localhost:8090/a?b=c", "http://127.0.0.1:8090", "http://localhost:8090/a?b=c"},
		{"http://127.0.0.1:8090/", "http://localhost:8090", "http://127.0.0.1:8090/"},
		{"http://[::1]:8090/", "http://localhost:8090", "http://[::1]:8090/"},
		{"http://localhost:8091/", "http://127.0.0.1:8090", "http://127.0.0.1:8090"},
		{"https://localhost:8090/", "http://127.0.0.1:8090", "http://127.0.0.1:8090"},
		{"http://localhost.evil.example:8090/", "http://127.0.0.1:8090", "http://127.0.0.1:8090"},
		{"http://localhost/", "https://shop.example", "https://shop.example"},
		{"https://localhost/", "https://shop.example", "https://shop.example"},
	} {
		if got := r.Allow(c.target, c.base).String(); got != c.want {
			t.Errorf("%s for %s: %s, want %s", c.target, c.base, got, c.want)
		}
	}
}
