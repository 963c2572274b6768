package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// dotenv gives the environment with what <app>/.env adds to it; a variable that
// is set is not overridden. Lines are NAME=value; a value may be in quotes.
func dotenv(root *os.Root, lookup func(string) (string, bool)) (func(string) (string, bool), error) {
	f, err := root.Open(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return lookup, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	more := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf(".env:%d: a line is NAME=value", n) // the line may hold a secret
		}
		if len(value) > 1 && value[0] == '"' {
			if value, err = strconv.Unquote(value); err != nil {
				return nil, fmt.Errorf(".env:%d: the quotes do not match", n)
			}
		} else if len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'' {
			value = value[1 : len(value)-1]
		}
		more[name] = value
	}
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok {
			return v, true
		}
		v, ok := more[name]
		return v, ok
	}, lines.Err()
}
