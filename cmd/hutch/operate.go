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
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/boot"
)

// operateTime is how long a command waits for a server that is starting.
const operateTime = 15 * time.Second

// operate does op on the stopped app's data, or through the running server.
func (c *cli) operate(ctx context.Context, f *dataFlags, app string, op boot.Operation) (*boot.Outcome, error) {
	o, err := c.operator(f, app)
	if err != nil {
		return nil, err
	}
	out, err := o.do(ctx, op)
	if cerr := o.close(); cerr != nil && err == nil {
		return nil, cerr
	}
	return out, err
}

// operator does operations one after another, as operate does one.
type operator struct {
	c           *cli
	f           *dataFlags
	app, folder string

	here *boot.App // nil: a server holds the data, or nothing was done yet
	ends []func()
}

func (c *cli) operator(f *dataFlags, app string) (*operator, error) {
	folder, err := c.dataFolder(app, f.data)
	if err != nil {
		return nil, err
	}
	return &operator{c: c, f: f, app: app, folder: folder}, nil
}

func (o *operator) do(ctx context.Context, op boot.Operation) (*boot.Outcome, error) {
	if o.here != nil {
		return o.here.Operate(ctx, op)
	}
	deadline := time.Now().Add(operateTime)
	for {
		unlock, err := lock(o.folder, byCommand)
		if err == nil {
			o.ends = append(o.ends, unlock)
			if err := o.open(ctx); err != nil {
				return nil, err
			}
			return o.here.Operate(ctx, op)
		}
		if _, held := errors.AsType[*lockedError](err); !held {
			return nil, err
		}
		out, answered, cerr := ask(o.folder, op)
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

// close gives the data back.
func (o *operator) close() (err error) {
	if o.here != nil {
		if err = o.here.Close(); err != nil {
			err = fmt.Errorf("closing the store: %w", err)
		}
		o.here = nil
	}
	for _, end := range slices.Backward(o.ends) {
		end()
	}
	o.ends = nil
	return err
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
