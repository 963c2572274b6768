package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/dashboard"
	"github.com/hutch-dev/hutch/internal/boot"
)

// dataFlags are those of every command on data.
type dataFlags struct {
	data, store, logLevel string
}

func (f *dataFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.data, "data", "", "data folder (HUTCH_DATA) [<app>/.hutch]")
	cmd.Flags().StringVar(&f.store, "store", "", "where documents live (HUTCH_STORE) [as hutch.yaml says]")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "", "debug, info, warn or error (HUTCH_LOG_LEVEL) [info]")
}

// env gives a flag, its variable, or the default.
func (c *cli) env(flag, name, def string) string {
	v, _ := c.lookup(name)
	return cmp.Or(flag, v, def)
}

// app opens an app folder and reads its config; findings are told.
func (c *cli) app(dir string, lookup func(string) (string, bool)) (*os.Root, *config.Config, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	cfg, ds := config.Load(root.FS(), lookup)
	c.tell(ds)
	if cfg == nil {
		root.Close()
		return nil, nil, &exitError{code: exitConfig}
	}
	return root, cfg, nil
}

// store puts --store and HUTCH_STORE in.
func (c *cli) store(f *dataFlags, cfg *config.Config) error {
	url := c.env(f.store, "HUTCH_STORE", "")
	if url == "" {
		return nil
	}
	if _, err := config.ParseStore(url); err != nil {
		return &exitError{exitUsage, fmt.Errorf("--store (HUTCH_STORE): %s", message(err))}
	}
	cfg.Store = hutch.Secret(url)
	shown := "" // a URL of a store holds a password
	if f.store != "" {
		shown = cfg.Store.String()
	}
	overrule(cfg, "store", shown, "--store", "HUTCH_STORE")
	return nil
}

// overrule tells the config what gave a key its value: the flag, or else the
// variable. flag is the value to show.
func overrule(cfg *config.Config, key, flag, name, variable string) {
	if flag != "" {
		cfg.Overrule(key, config.FromFlag, name, flag)
		return
	}
	cfg.Overrule(key, config.FromEnvironment, variable, "")
}

// options are what server and commands share.
func (c *cli) options(root *os.Root, cfg *config.Config, folder string, log *slog.Logger) boot.Options {
	key, _ := c.lookup("HUTCH_MASTER_KEY")
	return boot.Options{
		Dir: root.Name(), FS: root.FS(), DataDir: folder, Config: cfg,
		Stores: c.stores(func(err error) { // accepted writes may not be on disk: the next start recovers
			log.Error("the disk refused a write; the server ends", slog.Any("error", err))
			os.Exit(exitFailure)
		}),
		Dashboard: dashboard.FS(), Runtimes: runtimes(), Providers: provider, Mailer: mailer, Captcha: newCaptcha, MasterKey: hutch.Secret(key), Now: time.Now, Entropy: rand.Reader, Log: log,
	}
}

// open opens the data of the folder, whose lock is held.
func (o *operator) open(ctx context.Context) error {
	c := o.c
	root, cfg, err := c.app(o.app, c.lookup)
	if err != nil {
		return err
	}
	o.ends = append(o.ends, func() { _ = root.Close() })
	if err := c.store(o.f, cfg); err != nil {
		return err
	}
	level := c.env(o.f.logLevel, "HUTCH_LOG_LEVEL", "warn")
	log, err := c.logger(level, false)
	if err != nil {
		return err
	}
	o.here, err = boot.NewData(ctx, c.options(root, cfg, o.folder, log))
	return err
}
