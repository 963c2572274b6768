// Package gen makes the files that repeat what the Go code says: the list of
// error codes in documents and client, the JSON Schema of hutch.yaml. `go
// generate` writes them; a test fails where one is stale.
package gen

import (
	"bytes"
	"fmt"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
)

// File is a generated file.
type File struct {
	Path string // from the root of the repository
	Text []byte
}

// Files are all of them, as they should be.
func Files() []File {
	return []File{
		{"docs/errors.md", errorsPage()},
		{"docs/config.md", configPage()},
		{"docs/hutch.schema.json", config.JSONSchema()},
		{"clients/js/src/codes.ts", clientCodes()},
	}
}

func errorsPage() []byte {
	var b bytes.Buffer
	b.WriteString(`# Error codes

<!-- Generated from error.go by go generate; do not edit. -->

Every answer of 400 and above has one body: ` + "`code`, `message` and `requestId` always, `hint`, `field`, `details` and `reason` where they help" + `. Websocket, functions and clients use the same codes.

`)
	codeTable(&b, false)
	b.WriteString("\nThe routes below `/auth/v1` also answer these, spelled as GoTrue does; there `error_code` is `code` once more, for a part of its clients:\n\n")
	codeTable(&b, true)
	b.WriteString(`
A refused condition of a write is ` + "`failed_precondition`" + ` with a reason:

| reason | means |
|---|---|
`)
	for _, r := range []struct {
		reason hutch.Reason
		about  string
	}{
		{hutch.ReasonGuard, "`if` does not hold."},
		{hutch.ReasonVersion, "`ifVersion` or `If-Match` is not the stored version."},
		{hutch.ReasonExists, "`ifExists`, `ifMissing` or `If-None-Match` does not hold."},
	} {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.reason, r.about)
	}
	return b.Bytes()
}

func codeTable(b *bytes.Buffer, auth bool) {
	b.WriteString("| code | HTTP | means |\n|---|---|---|\n")
	for _, c := range hutch.Codes() {
		if c.Auth == auth {
			fmt.Fprintf(b, "| `%s` | %d | %s |\n", c.Code, c.Status, c.About)
		}
	}
}

func clientCodes() []byte {
	var b bytes.Buffer
	b.WriteString("/** Generated from the server's list of error codes; do not edit. */\n")
	union := func(name string, auth bool) {
		fmt.Fprintf(&b, "export type %s =\n", name)
		for _, c := range hutch.Codes() {
			if c.Auth == auth {
				fmt.Fprintf(&b, "  | '%s'\n", c.Code)
			}
		}
	}
	union("KnownCode", false)
	b.WriteString("\n/** What /auth answers besides. */\n")
	union("AuthCode", true)
	return b.Bytes()
}

func configPage() []byte {
	var b bytes.Buffer
	b.WriteString("# hutch.yaml\n\n<!-- Generated from config/keys.go by go generate; do not edit. -->\n\n")
	b.WriteString(configIntro)
	b.WriteString("\n| key | value | default | |\n|---|---|---|---|\n")
	for _, r := range config.Reference() {
		value := r.Kind
		if r.Bounds != "" {
			value += ", " + r.Bounds
		}
		about := r.About
		if r.Need {
			about += "; required"
		}
		def := r.Def
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Path, value, def, about)
	}
	return b.Bytes()
}

const configIntro = `An app is a folder with a ` + "`hutch.yaml`" + `. ` + "`hutch check`" + ` tells everything that is wrong with it at once, with file, line and column; ` + "`hutch check --schema`" + ` prints a JSON Schema for editors.

- **Sizes** are ` + "`512B`, `64KiB`, `1MiB`, `2GiB`" + `; **times** ` + "`500ms`, `10s`, `15m`, `12h`, `30d`" + `.
- **Expressions** are CEL (rules.md). ` + "`true` and `false`" + ` may stand bare. Quote an expression that begins with ` + "`!`" + `, a quote or a bracket; between ` + "`{ }`" + ` also one with ` + "`, [ ] { }` or `? :`" + `.
- **YAML** tags, anchors, aliases, merge keys and duplicate keys are refused: ` + "`read: !resource.hidden`" + ` would silently be nothing.
- **Variables**: ` + "`${NAME}`" + ` (an error where it is not set) and ` + "`${NAME:-default}`" + ` in values, never in keys, expressions, ` + "`include` and `web`" + `. What they hold never shows in logs and findings. ` + "`hutch dev`" + ` also reads ` + "`.env`" + `, which overrides nothing.
- **include** names more files with the same top-level keys; a name that is defined twice is an error.
`
