package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/boot"
)

// operateTime is how long a command waits for a server that is starting.
const operateTime = 15 * time.Second

// operate does op on the stopped app's data, or through the running server.
func (c *cli) operate(ctx context.Context, f *dataFlags, app string, op boot.Operation) (*boot.Outcome, error) {
	folder, err := c.dataFolder(app, f.data)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(operateTime)
	for {
		unlock, err := lock(folder, byCommand)
		if err == nil {
			defer unlock()
			return c.operateHere(ctx, f, app, folder, op)
		}
		if _, held := errors.AsType[*lockedError](err); !held {
			return nil, err
		}
		out, answered, cerr := ask(folder, op)
		if answered {
			return out, cerr
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%w, and its control socket does not answer: %w", err, cerr)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask sends op to the server of folder; answered is false while there is none.
func ask(folder string, op boot.Operation) (out *boot.Outcome, answered bool, err error) {
	key, err := os.ReadFile(filepath.Join(folder, controlKey))
	if err != nil {
		return nil, false, err
	}
	var conn *net.UnixConn
	err = socketPath(folder, func(path string) (err error) {
		conn, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(controlTime + 5*time.Second))
	if err := json.NewEncoder(conn).Encode(controlRequest{string(key), op}); err != nil {
		return nil, false, err
	}
	line, err := bufio.NewReaderSize(conn, 4*controlFrame).ReadBytes('\n')
	if err != nil {
		return nil, true, fmt.Errorf("the server ended before it answered: %w", err)
	}
	var a controlAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, true, fmt.Errorf("reading the server's answer: %w", err)
	}
	if a.Code != "" {
		return nil, true, &hutch.Error{Code: a.Code, Message: a.Message}
	}
	return a.Outcome, true, nil
}
