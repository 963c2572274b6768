package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

// settle is how long nothing changes before a reload: editors write in steps.
const settle = 80 * time.Millisecond

// watcher reloads an app when its folder changes.
type watcher struct {
	c    *cli
	a    *boot.App
	r    *running
	fs   *fsnotify.Watcher
	done sync.WaitGroup
}

func (c *cli) watch(ctx context.Context, a *boot.App, r *running) (*watcher, error) {
	fw, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{c: c, a: a, r: r, fs: fw}
	if err := w.add(r.root.Name()); err != nil {
		return nil, errors.Join(err, fw.Close())
	}
	w.done.Go(func() { w.run(ctx) })
	return w, nil
}

func (w *watcher) close() {
	_ = w.fs.Close()
	w.done.Wait()
}

// ignored are the folders and files that no app is made of.
func (w *watcher) ignored(path string) bool {
	name := filepath.Base(path)
	if strings.HasPrefix(name, ".") && name != ".well-known" || name == "node_modules" || strings.HasSuffix(name, "~") {
		return true
	}
	return path == w.r.folder || strings.HasPrefix(path, w.r.folder+string(filepath.Separator))
}

// add watches a folder and those below it.
func (w *watcher) add(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if p == dir {
				return err
			}
			return nil // gone again
		case !d.IsDir():
			return nil
		case p != w.r.root.Name() && w.ignored(p):
			return fs.SkipDir
		}
		return w.fs.Add(p)
	})
}

func (w *watcher) run(ctx context.Context) {
	timer := time.NewTimer(settle)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.fs.Events:
			if !ok {
				return
			}
			if w.ignored(e.Name) || e.Op == fsnotify.Chmod {
				continue
			}
			if info, err := os.Stat(e.Name); err == nil && info.IsDir() && e.Op.Has(fsnotify.Create) {
				_ = w.add(e.Name)
			}
			timer.Reset(settle)
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			w.r.log.Warn("watching the app folder", slog.Any("error", err))
			timer.Reset(settle) // events may be lost
		case <-timer.C:
			w.reload(ctx)
		}
	}
}

// reload reads the app anew; what does not work is told and changes nothing.
func (w *watcher) reload(ctx context.Context) {
	select {
	case <-w.a.Ready():
	case <-ctx.Done():
		return
	}
	cfg, ds := config.Load(w.r.root.FS(), w.c.lookup)
	if cfg == nil {
		w.c.tell(ds)
		w.a.NotReloaded(ds)
		return
	}
	more, _ := w.a.Reload(ctx, cfg) // the log has how it ended
	w.c.tell(append(ds, more...))
}
