package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
	"github.com/hutch-dev/hutch/internal/child"
)

const (
	defaultListen = "127.0.0.1:8090"
	addressFile   = "address" // of the listener, for `health`
)

// serverFlags are those of serve and dev.
type serverFlags struct {
	dataFlags
	listen, admin, publicURL string
	dev, expose              bool
}

func (f *serverFlags) add(cmd *cobra.Command) {
	f.dataFlags.add(cmd)
	cmd.Flags().StringVar(&f.listen, "listen", "", "address and port; port 0 picks one (HUTCH_LISTEN) ["+defaultListen+"]")
	cmd.Flags().StringVar(&f.publicURL, "public-url", "", "what the app is reached by (HUTCH_PUBLIC_URL) [as hutch.yaml says]")
}

func (c *cli) serveCommand() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use: "serve [dir]", Short: "Run an app in production", Example: "  hutch serve --listen 0.0.0.0:8090 --public-url https://shop.example app",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.serve(cmd.Context(), &f, args) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.admin, "admin-listen", "", "address and port of the dashboard (HUTCH_ADMIN_LISTEN) [127.0.0.1 and the port after the app's]")
	return cmd
}

// serve runs an app until a signal; serve and dev differ in flags only.
func (c *cli) serve(ctx context.Context, f *serverFlags, args []string) error {
	if err := child.Harden(); err != nil { // before any secret is read
		return fmt.Errorf("hardening the process: %w", err)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	app, err := dir(args, 0)
	if err != nil {
		return err
	}
	if f.dev {
		if err := c.readDotenv(app); err != nil {
			return err
		}
	}
	log, err := c.logger(c.env(f.logLevel, "HUTCH_LOG_LEVEL", "info"), !f.dev)
	if err != nil {
		return err
	}
	root, cfg, err := c.app(app, c.lookup)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := c.publicURL(f, cfg); err != nil {
		return err
	}
	if err := c.store(&f.dataFlags, cfg); err != nil {
		return err
	}
	folder, err := c.dataFolder(app, f.data)
	if err != nil {
		return err
	}
	unlock, err := lockServer(ctx, folder)
	if err != nil {
		return err
	}
	defer unlock()
	ln, err := c.open(f, cfg, log)
	if err != nil {
		return err
	}
	defer ln.Close()
	desk, err := c.openDesk(f, cfg, ln.Addr(), log)
	if err != nil {
		return err
	}
	if desk != nil {
		defer desk.Close()
	}
	return c.serveApp(ctx, f, &running{root: root, cfg: cfg, ln: ln, desk: desk, folder: folder, log: log})
}

func (c *cli) readDotenv(app string) error {
	root, err := os.OpenRoot(app)
	if err != nil {
		return err
	}
	defer root.Close()
	lookup, err := dotenv(root, c.lookup)
	if err != nil {
		return &exitError{exitConfig, err}
	}
	c.lookup = lookup
	return nil
}

// publicURL puts --public-url and HUTCH_PUBLIC_URL in.
func (c *cli) publicURL(f *serverFlags, cfg *config.Config) error {
	u := c.env(f.publicURL, "HUTCH_PUBLIC_URL", "")
	if u == "" {
		return nil
	}
	if p, err := url.Parse(u); err != nil || p.Scheme != "https" && p.Scheme != "http" || p.Host == "" || strings.Trim(p.Path, "/") != "" || p.RawQuery != "" || p.User != nil {
		return usagef("--public-url is a URL such as https://shop.example")
	}
	cfg.PublicURL = hutch.Secret(strings.TrimSuffix(u, "/"))
	overrule(cfg, "publicUrl", f.publicURL, "--public-url", "HUTCH_PUBLIC_URL")
	return nil
}

// open listens, and refuses what would show the app to others by mistake.
func (c *cli) open(f *serverFlags, cfg *config.Config, log *slog.Logger) (net.Listener, error) {
	at := c.env(f.listen, "HUTCH_LISTEN", defaultListen)
	if _, _, err := net.SplitHostPort(at); err != nil {
		return nil, usagef("--listen is address:port, not %q", at)
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", at)
	if err != nil {
		return nil, err
	}
	refuse := func(format string, args ...any) (net.Listener, error) {
		ln.Close()
		return nil, usagef(format, args...)
	}
	if loopback(ln.Addr()) {
		return ln, nil
	}
	switch {
	case f.dev && !f.expose:
		return refuse("%s is not loopback: `hutch dev` shows hints and more than a server should; --expose if you mean it", at)
	case !f.dev && cfg.PublicURL == "":
		return refuse("%s is not loopback: `hutch serve` needs publicUrl there (--public-url, HUTCH_PUBLIC_URL)", at)
	}
	if !strings.HasPrefix(cfg.PublicURL.Reveal(), "https://") {
		log.Warn("plain HTTP off loopback: anyone on the way reads passwords and tokens; put TLS in front and name it in publicUrl", slog.String("listen", at))
	}
	return ln, nil
}

func loopback(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// base is the URL of a listener, as a browser on this machine reaches it.
func base(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "http://" + a.String()
	}
	host := ap.Addr().Unmap()
	if host.IsUnspecified() {
		host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return "http://" + netip.AddrPortFrom(host, ap.Port()).String()
}

// hostOf is what operators call this node: the machine and the port.
func hostOf(a net.Addr) string {
	name, err := os.Hostname()
	if err != nil {
		return a.String()
	}
	_, port, _ := net.SplitHostPort(a.String())
	return net.JoinHostPort(name, port)
}

// running is what a server has taken.
type running struct {
	root   *os.Root
	cfg    *config.Config
	ln     net.Listener
	desk   net.Listener // nil: the dashboard has none
	folder string
	log    *slog.Logger
}

func (c *cli) serveApp(ctx context.Context, f *serverFlags, r *running) (err error) {
	o := c.options(r.root, r.cfg, r.folder, r.log)
	o.Dev, o.Exposed, o.Base, o.Public = f.dev, f.expose, base(r.ln.Addr()), publicVariables()
	o.Host, o.Desk = hostOf(r.ln.Addr()), r.desk
	leave := func() {}
	if r.cfg.Store != "" { // of another machine, which may take its time
		leave = waitingRoom(r.ln)
	}
	a, err := boot.New(ctx, o)
	leave()
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to end while starting
		}
		return c.configError(err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctl, err := listenControl(r.folder, r.log, a.Operate)
	if err != nil {
		return err
	}
	defer ctl.close()
	if f.dev {
		w, err := c.watch(ctx, a, r)
		if err != nil {
			r.log.Warn("changes are not watched", slog.Any("error", err))
		} else {
			defer w.close()
		}
	}
	address := filepath.Join(r.folder, addressFile)
	if err := writePrivate(address, []byte(o.Base+"\n")); err != nil {
		return err
	}
	defer os.Remove(address)
	if c.env("", "GOGC", "") == "" { // what is set is meant
		defer boundHeap(heapLook)()
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-a.Ready():
			fmt.Fprintf(c.err, "listening on http://%s\n", r.ln.Addr())
			c.tellDesk(ctx, f, a, r)
		case <-done:
		}
	}()
	return a.Serve(ctx, r.ln)
}

// configError tells findings and gives them their exit code.
func (c *cli) configError(err error) error {
	if e, ok := errors.AsType[*boot.ConfigError](err); ok {
		c.tell(e.Diagnostics)
		return &exitError{code: exitConfig}
	}
	return err
}

// publicVariables are those that pages may inline.
func publicVariables() map[string]string {
	m := map[string]string{}
	for _, kv := range os.Environ() {
		if name, value, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, "PUBLIC_") {
			m[name] = value
		}
	}
	return m
}
