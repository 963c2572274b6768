package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

// firstLinkFile holds the link of the first operator where stderr is no terminal:
// what a service prints goes to logs.
const firstLinkFile = "first-operator-link"

// openDesk listens for the dashboard, where it has a listener of its own; nil:
// none. A port that is taken is told, and the server starts without.
func (c *cli) openDesk(f *serverFlags, cfg *config.Config, app net.Addr, log *slog.Logger) (net.Listener, error) {
	at := c.env(f.admin, "HUTCH_ADMIN_LISTEN", "")
	switch {
	case f.dev, at == "" && cfg.Admin.Host != "":
		return nil, nil
	case at == "":
		_, port, err := net.SplitHostPort(app.String())
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		if n++; n > 65535 || c.anyPort(f) {
			n = 0
		}
		at = net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
	}
	if _, _, err := net.SplitHostPort(at); err != nil {
		return nil, usagef("--admin-listen is address:port, not %q", at)
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", at)
	if err != nil {
		log.Error("there is no dashboard: its address is taken", slog.String("listen", at), slog.Any("error", err),
			slog.String("hint", "--admin-listen names another one"))
		return nil, nil
	}
	if !loopback(ln.Addr()) {
		log.Warn("the dashboard listens off loopback: put TLS in front, without it browsers keep no operator signed in", slog.String("listen", at))
	}
	return ln, nil
}

// anyPort reports whether the app's port was left to the system.
func (c *cli) anyPort(f *serverFlags) bool {
	_, port, err := net.SplitHostPort(c.env(f.listen, "HUTCH_LISTEN", defaultListen))
	return err == nil && port == "0"
}

// tellDesk prints where the dashboard is and, while nobody is an operator, the
// link that makes the first one.
func (c *cli) tellDesk(ctx context.Context, f *serverFlags, a *boot.App, r *running) {
	file := filepath.Join(r.folder, firstLinkFile)
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.log.Warn("removing an old link", slog.Any("error", err))
	}
	url := a.DashboardURL()
	if url == "" {
		return
	}
	fmt.Fprintf(c.err, "dashboard on %s/_/\n", url)
	link, err := a.Auth.Operators().FirstLink(ctx)
	switch {
	case err != nil:
		r.log.Error("making the link of the first operator", slog.Any("error", err))
	case link == nil:
	case f.dev || c.onTerminal():
		fmt.Fprintf(c.err, "nobody is an operator yet; within 30 minutes this makes one: %s\n", setupLink(url, link.Token))
	default:
		if err := writePrivate(file, []byte(setupLink(url, link.Token)+"\n")); err != nil {
			r.log.Error("writing the link of the first operator", slog.Any("error", err))
			return
		}
		fmt.Fprintf(c.err, "nobody is an operator yet; within 30 minutes the link in %s makes one\n", file)
	}
}

// onTerminal reports whether stderr is one.
func (c *cli) onTerminal() bool {
	f, ok := c.err.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
