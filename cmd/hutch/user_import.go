package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/internal/boot"
)

const (
	importLine  = 32 << 10 // bytes of an account at most
	importBatch = 40 << 10 // bytes of accounts in one request to a running server
	importMany  = 100      // accounts in one
)

func (c *cli) userImport() *cobra.Command {
	var f dataFlags
	var o auth.ImportOptions
	var firebase string
	cmd := &cobra.Command{
		Use: "import <file.jsonl> [dir]", Short: "Make accounts of a file, with ids and hashes of passwords",
		Long: `Make accounts of a file: one JSON object a line, as user export writes them, or an
export of Firebase. Hashes are those of argon2, bcrypt, Firebase's scrypt and pbkdf2.
An account that is there already stays as it is.`,
		Example: "  hutch user import users.jsonl --trust-verified\n  hutch user import users.json --firebase hash_config.txt --trust-verified --roles",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := dir(args, 1)
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			read := readLines
			if firebase != "" {
				text, err := os.ReadFile(firebase)
				if err != nil {
					return err
				}
				config, err := auth.ParseFirebase(text)
				if err != nil {
					return err
				}
				read = func(in io.Reader, each func(line int, user json.RawMessage, bad error) error) error {
					return readFirebase(in, config, each)
				}
			}
			op, err := c.operator(&f, d)
			if err != nil {
				return err
			}
			im := &importing{c: c, ctx: cmd.Context(), op: op, o: o}
			err = read(file, im.add)
			if err == nil {
				err = im.flush()
			}
			if cerr := op.close(); err == nil {
				err = cerr
			}
			fmt.Fprintf(c.err, "%d accounts made, %d are there already, %d lines refused\n", im.made, im.taken, im.refused)
			if err == nil && im.refused > 0 {
				err = &exitError{code: exitFailure}
			}
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&o.Verified, "trust-verified", false, "addresses that the file calls verified are")
	cmd.Flags().BoolVar(&o.Roles, "roles", false, "take roles and app_metadata over, which rules see")
	cmd.Flags().StringVar(&firebase, "firebase", "", "the file is an export of Firebase, and this one holds the project's hash_config")
	return cmd
}

// importing sends accounts in batches and tells of those that were not made.
type importing struct {
	c   *cli
	ctx context.Context
	op  *operator
	o   auth.ImportOptions

	batch                []auth.ImportLine
	bytes                int
	made, taken, refused int
}

func (im *importing) add(line int, user json.RawMessage, bad error) error {
	if bad != nil {
		im.refuse(line, message(bad))
		return nil
	}
	if !json.Valid(user) {
		im.refuse(line, "not JSON")
		return nil
	}
	sent, err := json.Marshal(auth.ImportLine{Line: line, User: user})
	if err != nil {
		return err
	}
	if len(sent) > importLine {
		im.refuse(line, "an account has at most 32 KiB")
		return nil
	}
	if im.bytes+len(sent) > importBatch || len(im.batch) >= importMany {
		if err := im.flush(); err != nil {
			return err
		}
	}
	im.batch, im.bytes = append(im.batch, auth.ImportLine{Line: line, User: user}), im.bytes+len(sent)
	return nil
}

func (im *importing) refuse(line int, why string) {
	im.refused++
	fmt.Fprintf(im.c.err, "line %d: %s\n", line, why)
}

func (im *importing) flush() error {
	if len(im.batch) == 0 {
		return nil
	}
	out, err := im.op.do(im.ctx, boot.Operation{Name: boot.UserImport, Users: im.batch, Import: &im.o})
	if err != nil {
		return err
	}
	im.batch, im.bytes = nil, 0
	im.made += out.Imported.Made
	for _, n := range out.Imported.Refused {
		im.refuse(n.Line, n.Message)
	}
	for _, n := range out.Imported.Taken {
		im.taken++
		fmt.Fprintf(im.c.err, "line %d: there already: %s\n", n.Line, n.Message)
	}
	return nil
}

// readLines reads JSON lines; empty ones are none.
func readLines(in io.Reader, each func(line int, user json.RawMessage, bad error) error) error {
	r := bufio.NewReaderSize(in, importLine)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		end := err == io.EOF
		text := json.RawMessage(append([]byte(nil), bytes.TrimSpace(line)...))
		var bad error
		switch {
		case long:
			bad = errors.New("an account has at most 32 KiB")
		case len(text) == 0:
			if end {
				return nil
			}
			continue
		case !json.Valid(text):
			bad = errors.New("not JSON")
		}
		if err := each(n, text, bad); err != nil || end {
			return err
		}
	}
}
