package boot

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/bundle"
)

// scriptTag finds <script .. src="..">; its groups hold the quoted address.
var scriptTag = regexp.MustCompile(`(?is)<script\b[^>]*?\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>`)

const maxPage = 4 << 20

// pages bundles the scripts in TypeScript that HTML files of the web folder
// name, and gives what is served instead of the sources, by name.
func (b *compiler) pages(o *Options) map[string][]byte {
	web := b.c.Web
	if web == "" {
		return nil
	}
	p := &pages{compiler: b, o: o, web: web, built: map[string][]byte{}, css: map[string]bool{}}
	err := fs.WalkDir(b.fsys, web, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != web && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(name, ".html"):
			return p.html(name)
		}
		return nil
	})
	if err != nil {
		b.errorf(b.c.Pos("web"), codePages, "", "the web folder cannot be read: %v", err)
	}
	return p.built
}

type pages struct {
	*compiler
	o     *Options
	web   string
	built map[string][]byte
	css   map[string]bool // entries with style sheets, by the script's name
}

func (p *pages) html(name string) error {
	text, err := fs.ReadFile(p.fsys, name)
	if err != nil || len(text) > maxPage {
		return err
	}
	var out []byte
	last := 0
	for _, m := range scriptTag.FindAllSubmatchIndex(text, -1) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		src := string(text[from:to])
		entry, ok := p.entry(name, src)
		if !ok {
			continue
		}
		if _, err := fs.Stat(p.fsys, entry); err != nil {
			line := 1 + strings.Count(string(text[:from]), "\n")
			col := from - strings.LastIndexByte(string(text[:from]), '\n')
			p.errorf(hutch.Pos{File: name, Line: line, Column: col}, codePages, "", "there is no file %s", entry)
			continue
		}
		p.build(entry)
		out = append(out, text[last:m[0]]...)
		if p.css[entry] {
			out = fmt.Appendf(out, `<link rel="stylesheet" href="%s">`, strings.TrimSuffix(src, path.Ext(src))+".css")
		}
		out = append(out, text[m[0]:from]...)
		out = append(out, strings.TrimSuffix(src, path.Ext(src))+".js"...)
		last = to
	}
	if last > 0 {
		p.built[strings.TrimPrefix(name, p.web+"/")] = append(out, text[last:]...)
	}
	return nil
}

// entry is the file of the app that an address in a page names, if that is
// TypeScript of this folder.
func (p *pages) entry(page, src string) (string, bool) {
	if !slices.Contains([]string{".ts", ".tsx", ".mts"}, path.Ext(src)) || strings.Contains(src, ":") || strings.HasPrefix(src, "//") {
		return "", false
	}
	if strings.HasPrefix(src, "/") {
		return path.Join(p.web, src), true
	}
	file := path.Join(path.Dir(page), src)
	return file, strings.HasPrefix(file, p.web+"/")
}

// build bundles an entry once.
func (p *pages) build(entry string) {
	name := strings.TrimPrefix(strings.TrimSuffix(entry, path.Ext(entry)), p.web+"/")
	if _, done := p.built[name+".js"]; done {
		return
	}
	made, ds := bundle.Page(p.o.Dir, entry, bundle.PageOptions{
		Folders: append([]string{p.web}, p.c.Shared...), Public: p.o.Public, Dev: p.o.Dev,
	})
	p.add(ds)
	code := made.Code
	if made.SourceMap != nil {
		p.built[name+".js.map"] = made.SourceMap
		code = fmt.Appendf(code, "//# sourceMappingURL=%s.js.map\n", path.Base(name))
	}
	p.built[name+".js"] = code
	if len(made.CSS) > 0 {
		p.built[name+".css"] = made.CSS
		p.css[entry] = true
	}
}
