package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/boot"
)

// The control socket lets commands work beside a running server. Whoever asks
// must have the server's uid, be none of its descendants, and know the key in
// control.key, which a confined process cannot read.
const (
	controlSocket = "control.sock"
	controlKey    = "control.key"
	controlFrame  = 64 << 10
	controlTime   = 30 * time.Second
)

type controlRequest struct {
	Key string         `json:"key"`
	Op  boot.Operation `json:"op"`
}

type controlAnswer struct {
	Outcome *boot.Outcome `json:"outcome,omitempty"`
	Code    hutch.Code    `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Hint    string        `json:"hint,omitempty"`
}

// control answers commands until close.
type control struct {
	ln     *net.UnixListener
	folder string
	key    string
	do     func(context.Context, boot.Operation) (*boot.Outcome, error)
	log    *slog.Logger
	wg     sync.WaitGroup
}

// listenControl opens the socket; one left by a killed server is replaced, as
// the caller holds the folder's lock.
func listenControl(folder string, log *slog.Logger, do func(context.Context, boot.Operation) (*boot.Outcome, error)) (*control, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, err
	}
	c := &control{folder: folder, key: hex.EncodeToString(secret[:]), do: do, log: log}
	if err := os.Remove(filepath.Join(folder, controlSocket)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := writePrivate(filepath.Join(folder, controlKey), []byte(c.key)); err != nil {
		return nil, err
	}
	err := socketPath(folder, func(path string) (err error) {
		c.ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	c.ln.SetUnlinkOnClose(false) // by another name, maybe
	c.wg.Go(c.accept)
	return c, nil
}

func (c *control) close() {
	_ = c.ln.Close()
	_ = os.Remove(filepath.Join(c.folder, controlSocket))
	c.wg.Wait()
}

func (c *control) accept() {
	for {
		conn, err := c.ln.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			c.log.Warn("control socket", slog.Any("error", err))
			time.Sleep(100 * time.Millisecond) // out of descriptors
			continue
		}
		c.wg.Go(func() { c.serve(conn) })
	}
}

func (c *control) serve(conn *net.UnixConn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(controlTime))
	answer := c.answer(conn)
	_ = json.NewEncoder(conn).Encode(answer)
}

func (c *control) answer(conn *net.UnixConn) *controlAnswer {
	denied := &controlAnswer{Code: hutch.PermissionDenied, Message: "the control socket is not for this process"}
	line, err := bufio.NewReaderSize(conn, controlFrame).ReadSlice('\n') // first, else the asker is cut off in mid-sentence
	if err := mayControl(conn); err != nil {
		c.log.Warn("control socket: refused", slog.Any("error", err))
		return denied
	}
	var r controlRequest
	if err != nil || json.Unmarshal(line, &r) != nil {
		return &controlAnswer{Code: hutch.InvalidArgument, Message: "not a request"}
	}
	if subtle.ConstantTimeCompare([]byte(r.Key), []byte(c.key)) != 1 {
		c.log.Warn("control socket: refused", slog.String("error", "wrong key"))
		return denied
	}
	ctx, cancel := context.WithTimeout(context.Background(), controlTime)
	defer cancel()
	out, err := c.do(ctx, r.Op)
	if err != nil {
		e := hutch.AsError(err)
		return &controlAnswer{Code: e.Code, Message: message(err), Hint: ""}
	}
	return &controlAnswer{Outcome: out}
}

// mayControl judges the process at the other end.
func mayControl(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var inner error
	if err := raw.Control(func(fd uintptr) {
		cred, inner = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if inner != nil {
		return inner
	}
	if int(cred.Uid) != os.Getuid() {
		return fmt.Errorf("uid %d", cred.Uid)
	}
	if descends(int(cred.Pid), os.Getpid()) {
		return fmt.Errorf("pid %d is a descendant of the server", cred.Pid)
	}
	return nil
}

// descends reports whether pid is a child of ancestor, or a child's child; a
// process that cannot be looked at counts as one.
func descends(pid, ancestor int) bool {
	for range 128 {
		if pid <= 1 {
			return false
		}
		if pid == ancestor {
			return true
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return true
		}
		// pid (name) state ppid; the name may hold anything
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 2 {
			return true
		}
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			return true
		}
	}
	return true
}

// maxSocketPath is what sockaddr_un holds.
const maxSocketPath = 107

// socketPath gives f a name of the socket that is short enough.
func socketPath(folder string, f func(path string) error) error {
	path := filepath.Join(folder, controlSocket)
	if len(path) <= maxSocketPath {
		return f(path)
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), controlSocket))
}

// writePrivate replaces a file by one that only its owner reads.
func writePrivate(path string, text []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
