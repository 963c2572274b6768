package gen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// LicencesPath is the file of all libraries that are in the binary or in the
// dashboard, with the texts of their licences.
const LicencesPath = "internal/boot/licences.json"

// Library is one of them.
type Library struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	From    string `json:"from"` // go or npm
	Licence string `json:"licence"`
	Text    string `json:"text"` // the id of its text

	dir string
}

// Licences are the libraries and their texts; several share one.
type Licences struct {
	Libraries []Library         `json:"libraries"`
	Texts     map[string]string `json:"texts"`
}

// Libraries lists what go.mod and the dashboard's lock bring in, without texts.
func Libraries(root string) ([]Library, error) {
	mods, err := goModules(root)
	if err != nil {
		return nil, err
	}
	npm, err := npmPackages(root)
	return append(mods, npm...), err
}

// goModules are those that the binary is linked from.
func goModules(root string) (out []Library, err error) {
	cmd := exec.CommandContext(context.Background(), "go", "list", "-deps", "-json=Module", "./cmd/hutch")
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing modules: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var p struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("listing modules: %w", err)
		}
		if m := p.Module; m != nil && !m.Main {
			out = append(out, Library{Name: m.Path, Version: m.Version, From: "go", dir: m.Dir})
		}
	}
	slices.SortFunc(out, func(a, b Library) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b Library) bool { return a.Name == b.Name }), nil
}

// npmPackages are those that the dashboard is bundled from.
func npmPackages(root string) (out []Library, err error) {
	text, err := os.ReadFile(filepath.Join(root, "dashboard", "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version, License string
			Dev, Optional    bool
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("reading the lock file: %w", err)
	}
	for path, p := range lock.Packages {
		i := strings.LastIndex(path, "node_modules/")
		if i < 0 || p.Dev || p.Optional {
			continue
		}
		out = append(out, Library{
			Name: path[i+len("node_modules/"):], Version: p.Version, From: "npm", Licence: p.License,
			dir: filepath.Join(root, "dashboard", filepath.FromSlash(path)),
		})
	}
	slices.SortFunc(out, func(a, b Library) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	return slices.CompactFunc(out, func(a, b Library) bool { return a.Name == b.Name && a.Version == b.Version }), nil
}

// MakeLicences reads the texts; module cache and dashboard/node_modules are needed.
func MakeLicences(root string) ([]byte, error) {
	libs, err := Libraries(root)
	if err != nil {
		return nil, err
	}
	out := Licences{Texts: map[string]string{}}
	for _, l := range libs {
		text, err := licenceText(l.dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		if text == "" {
			if l.Licence == "" {
				return nil, fmt.Errorf("%s has no licence", l.Name)
			}
			text = "The package brings no text of its licence; it names " + l.Licence + ".\n"
		}
		if l.Licence == "" {
			if l.Licence = licenceOf(text); l.Licence == "" {
				return nil, fmt.Errorf("%s has a licence that is not known", l.Name)
			}
		}
		sum := sha256.Sum256([]byte(text))
		l.Text = hex.EncodeToString(sum[:6])
		out.Texts[l.Text] = text
		out.Libraries = append(out.Libraries, l)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(out)
	return b.Bytes(), err
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense|notice)([.-].*)?$`)

func licenceText(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("its files are not there; npm ci in dashboard, go mod download: %w", err)
	}
	if err != nil {
		return "", err
	}
	var texts []string
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(string(b), "\r\n", "\n"), ""))+"\n")
	}
	return strings.Join(texts, "\n----\n\n"), nil
}

// licenceOf tells the SPDX name of a text.
func licenceOf(text string) string {
	flat := strings.Join(strings.Fields(text), " ")
	for _, l := range []struct {
		name string
		has  []string
	}{
		{"Apache-2.0", []string{"Apache License", "Version 2.0"}},
		{"MPL-2.0", []string{"Mozilla Public License", "2.0"}},
		{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose"}},
		{"ISC", []string{"Permission to use, copy, modify, and distribute this software for any purpose"}},
		{"BSD-3-Clause", []string{"Redistributions in binary form", "endorse or promote"}},
		{"BSD-2-Clause", []string{"Redistributions in binary form"}},
		{"Unlicense", []string{"This is free and unencumbered software"}},
		{"CC0-1.0", []string{"CC0 1.0 Universal"}},
		{"MIT", []string{"Permission is hereby granted, free of charge"}},
		{"MIT", []string{"MIT License", "THE SOFTWARE IS PROVIDED"}},
	} {
		if !slices.ContainsFunc(l.has, func(s string) bool { return !strings.Contains(flat, s) }) {
			return l.name
		}
	}
	return ""
}
