package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "The app's users", Args: cobra.NoArgs, RunE: needSub}
	cmd.AddCommand(c.userCreate(), c.userSetRole(), c.userErase(), c.userImport(), c.userExport())
	return cmd
}

// needSub answers a command that only groups others.
func needSub(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, s := range cmd.Commands() {
		names = append(names, s.Name())
	}
	return usagef("%s what? %s", cmd.CommandPath(), strings.Join(names, ", "))
}

func (c *cli) userCreate() *cobra.Command {
	var f dataFlags
	var roles []string
	var stdin bool
	cmd := &cobra.Command{
		Use: "create <email> [dir]", Short: "Make an account; a random password is printed once",
		Example: "  hutch user create ann@shop.example --role keeper\n  hutch user create ann@shop.example --password-stdin < password",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			op := boot.Operation{Name: boot.UserCreate, Email: args[0], Roles: roles}
			if stdin {
				p, err := readPassword(c.in)
				if err != nil {
					return err
				}
				op.Password = p
			}
			out, err := c.operateIn(cmd.Context(), &f, args, 1, op)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "made user %s\n", out.ID)
			if out.Password != "" {
				fmt.Fprintln(c.out, out.Password)
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&roles, "role", nil, "a role; may be given again")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of stdin")
	return cmd
}

// readPassword takes one line.
func readPassword(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		if err != nil && err != io.EOF {
			return "", err
		}
		return "", usagef("no password on stdin")
	}
	return line, nil
}

func (c *cli) userSetRole() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "set-role <email> <role,..> [dir]", Short: `Replace the roles of an account; "" takes all away`,
		Example: "  hutch user set-role ann@shop.example keeper,editor\n  hutch user set-role ann@shop.example \"\"",
		Args:    cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			roles := slices.DeleteFunc(strings.Split(args[1], ","), func(s string) bool { return s == "" })
			out, err := c.operateIn(cmd.Context(), &f, args, 2, boot.Operation{Name: boot.UserSetRole, Email: args[0], Roles: roles})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "user %s has the roles: %s\n", out.ID, strings.Join(roles, ", "))
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

// operateIn does op in the app folder that stands after n arguments.
func (c *cli) operateIn(ctx context.Context, f *dataFlags, args []string, n int, op boot.Operation) (*boot.Outcome, error) {
	d, err := dir(args, n)
	if err != nil {
		return nil, err
	}
	return c.operate(ctx, f, d, op)
}
