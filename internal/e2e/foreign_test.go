package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

const foreignApp = `name: foreign
store: "%s"
auth:
  anonymous: true
  redirects: ["http://localhost:3000/**"]
  mail: { smtp: "smtp://%s", from: "Shop <no-reply@shop.example>" }
  providers:
    keycloak: { issuer: "%s", clientId: shop, clientSecret: a-secret-that-the-shop-has }
`

// TestForeignClients has clients of GoTrue and of OpenID, unmodified, use the
// binary, on each store. Their tests stand in foreign/.
func TestForeignClients(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { foreignClients(t, "", "") })
	t.Run("mongodb", func(t *testing.T) { foreignClients(t, mongotest.Database(t), mongotest.Database(t)) })
}

func foreignClients(t *testing.T, mailedStore, plainStore string) {
	issuer := provider(t)
	box := startMailbox(t)
	mailed := app(t, "hutch.yaml", fmt.Sprintf(foreignApp, mailedStore, box.addr, issuer))
	plain := app(t, "hutch.yaml", fmt.Sprintf("name: plain\nstore: %q\n", plainStore))
	env := append(os.Environ(),
		"HUTCH_URL="+mailed.url, "HUTCH_KEY="+mailed.key("--scope", "auth"),
		"HUTCH_PLAIN_URL="+plain.url, "HUTCH_DATA_KEY="+mailed.key(),
		"HUTCH_DESK="+desk(t, box, issuer, plain),
	)
	for _, child := range []struct{ name, needs, runs string }{
		{"auth-js", "need_packages internal/e2e/foreign", "node --test --test-reporter=spec internal/e2e/foreign/authjs/*.test.mjs"},
		{"supabase_auth", "need_python_packages internal/e2e/foreign/python/requirements.txt", "python3 -B -W ignore -m unittest discover -s internal/e2e/foreign/python -v"},
		{"openid-client and jose", "need_packages internal/e2e/foreign", "node --test --test-reporter=spec internal/e2e/foreign/oidc/*.test.mjs"},
	} {
		t.Run(child.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			cmd := exec.CommandContext(ctx, "bash", "-ec", ". scripts/tools.sh; "+child.needs+" >&2; exec "+child.runs)
			cmd.Dir, cmd.Env = filepath.Join("..", ".."), env
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// desk serves what the clients' tests cannot do themselves: it reads mail,
// presses the buttons of its links, and signs in at the provider.
func desk(t *testing.T, box *mailbox, issuer string, plain *shop) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	serve := func(path string, answer func(context.Context, url.Values) (any, error)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			out, err := answer(r.Context(), r.URL.Query())
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(out)
		})
	}
	serve("/mail", func(ctx context.Context, q url.Values) (any, error) {
		ctx, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		n, err := strconv.Atoi(q.Get("n"))
		if err != nil {
			return nil, err
		}
		l, err := box.await(ctx, q.Get("to"), q.Get("subject"), n)
		if err != nil {
			return nil, fmt.Errorf("mail %d to %s, %q: %w", n, q.Get("to"), q.Get("subject"), err)
		}
		return l, nil
	})
	serve("/press", func(_ context.Context, q url.Values) (any, error) {
		to, err := press(q.Get("link"))
		return map[string]any{"to": to}, err
	})
	serve("/surf", func(_ context.Context, q url.Values) (any, error) {
		to, err := surf(q.Get("at"), q.Get("as"), landed)
		if err != nil {
			return nil, err
		}
		return map[string]any{"to": to.String()}, nil
	})
	serve("/native", func(_ context.Context, q url.Values) (any, error) {
		id, access, err := nativeToken(issuer, q.Get("as"), q.Get("nonce"))
		return map[string]any{"token": id, "access_token": access}, err
	})
	serve("/rotate", func(ctx context.Context, q url.Values) (any, error) {
		args := []string{"key", "signing", "rotate", plain.dir}
		if q.Has("now") {
			args = append(args, "--now")
		}
		out, err := exec.CommandContext(ctx, plain.bin, args...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return string(out), err
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return "http://" + ln.Addr().String()
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// press opens a mailed link as a browser does and presses its page's button.
func press(link string) (to string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	web := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := web.Get(link)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	page, _, _ = bytes.Cut(page, []byte("</form>"))
	form := url.Values{}
	for _, m := range hiddenField.FindAllSubmatch(page, -1) {
		form.Set(string(m[1]), html.UnescapeString(string(m[2])))
	}
	at, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	at.RawQuery = ""
	res, err = web.PostForm(at.String(), form)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if to = res.Header.Get("Location"); to == "" {
		return "", fmt.Errorf("the button of %s leads nowhere: %d", link, res.StatusCode)
	}
	return to, nil
}
