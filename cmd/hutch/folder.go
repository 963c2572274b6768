package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hutch-dev/hutch/config"
)

// dataFolder is where an app's data lies: --data, HUTCH_DATA, <app>/.hutch.
func (c *cli) dataFolder(app, flag string) (string, error) {
	env, _ := c.lookup("HUTCH_DATA")
	return filepath.Abs(cmp.Or(flag, env, filepath.Join(app, config.DataFolder)))
}

const lockFile = "lock"

// holder says what a process does with a data folder.
type holder string

const (
	byServer  holder = "server"
	byCommand holder = "command" // soon done
)

// lockedError says that another process uses the data folder.
type lockedError struct {
	folder string
	pid    int // 0: not known
	by     holder
}

func (e *lockedError) Error() string {
	if e.pid == 0 {
		return e.folder + " is locked by another process"
	}
	return fmt.Sprintf("%s is locked by pid %d", e.folder, e.pid)
}

// lock makes the data folder where it is missing and takes it. The lock is the
// operating system's, so it ends with the process, however that ends.
func lock(folder string, by holder) (unlock func(), err error) {
	if err := claim(folder); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", folder, err)
		}
		pid, other := readHolder(f)
		return nil, &lockedError{folder, pid, other}
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+" "+string(by)+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func readHolder(f *os.File) (pid int, by holder) {
	b := make([]byte, 64)
	n, _ := f.ReadAt(b, 0)
	first, rest, _ := strings.Cut(strings.TrimSpace(string(b[:n])), " ")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, ""
	}
	return pid, holder(rest)
}

// lockServer takes the folder for a server; a command that holds it is waited
// for, as it is soon done.
func lockServer(ctx context.Context, folder string) (unlock func(), err error) {
	for deadline := time.Now().Add(operateTime); ; {
		unlock, err := lock(folder, byServer)
		e, held := errors.AsType[*lockedError](err)
		if !held || e.by == byServer || time.Now().After(deadline) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// claim makes folder private. A folder with files that are not Hutch's is not
// taken: it was named by mistake.
func claim(folder string) error {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(folder, 0o700)
	case err != nil:
		return err
	}
	ours := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == lockFile })
	foreign := slices.IndexFunc(entries, func(e os.DirEntry) bool { return e.Name() != "lost+found" })
	if !ours && foreign >= 0 {
		return fmt.Errorf("%s is no data folder: it holds %s", folder, entries[foreign].Name())
	}
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(folder, 0o700)
	}
	return nil
}
